import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { controls } from './neo4j.ts';
import { contextOf } from '../../../_testing/control-context.ts';

const environment = {
  stores: {
    neo4j: {
      statefulSet: { namespace: 'tender', name: 'neo4j' },
      container: 'neo4j',
      primary: { host: '127.44.0.3' },
      database: 'neo4j',
      user: 'neo4j',
      password: { secret: { namespace: 'tender', name: 'neo4j-credentials', key: 'neo4j' } },
    },
  },
};

/** Address of the restarted server; nothing listens at the address that it had before. */
const STARTED_AGAIN = '127.44.0.2';
const HTTP_PORT = 7474;
/** The server drops this many connections first, as one that is not ready does. */
const REFUSED = 2;

/** What the pod says, one look after the other; the last is repeated. */
const LOOKS = [
  { podIP: '127.44.0.1', containerID: 'first', state: { running: {} } },
  { podIP: '127.44.0.1', containerID: 'first', state: { running: {} } },
  { podIP: '127.44.0.1', containerID: 'first', state: { terminated: {} } },
  { containerID: 'second', state: { running: {} } },
  { podIP: STARTED_AGAIN, containerID: 'second', state: { running: {} } },
];

for (const [name, statement] of [
  ['graph-lost', 'DETACH DELETE'],
  ['index-lost', 'DROP INDEX'],
] as const)
  test(`should do ${name} at the own address of the server that was started again, before clients are led to it`, async (t) => {
    const control = controls.find(({ id }) => id === `failover/query/graph/${name}`);
    assert.ok(control !== undefined);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => {
        asked.push(part.toString());
        if (asked.length <= REFUSED) request.socket.destroy();
        else response.end(JSON.stringify({ data: { values: [] } }));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(HTTP_PORT, STARTED_AGAIN, resolve);
    });
    t.after(() => server.close());
    let looks = 0;
    const over = Promise.withResolvers<string>();
    const ctx = contextOf({
      environment,
      get: ({ kind, name: object }) => {
        if (kind !== 'Pod') return Promise.resolve({ apiVersion: 'v1', kind, metadata: { name: object } });
        const { podIP, ...container } = LOOKS[Math.min(looks++, LOOKS.length - 1)] ?? assert.fail();
        const status = { podIP, containerStatuses: [{ name: 'neo4j', ...container }] };
        return Promise.resolve({ apiVersion: 'v1', kind, metadata: { name: object }, status });
      },
      log: over.resolve,
    });
    await control.break(ctx);
    assert.match(await over.promise, /run on the server while the check waits/);
    assert.equal(asked.length, REFUSED + 1);
    assert.match(asked.at(-1) ?? '', new RegExp(statement));
    const { query } = (control.settings?.settings ?? {}) as { query?: { askAfterMs: number } };
    assert.ok((query?.askAfterMs ?? 0) >= 30_000, 'the check asks before the server can be back');
  });
