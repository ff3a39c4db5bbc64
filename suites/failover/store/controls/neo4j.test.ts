import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controls } from './neo4j.ts';
import { contextOf } from '../../../_testing/control-context.ts';

const environment = {
  stores: {
    neo4j: {
      statefulSet: { namespace: 'tender', name: 'neo4j' },
      container: 'neo4j',
      primary: { host: '198.18.128.70' },
      database: 'neo4j',
      user: 'neo4j',
      password: { secret: { namespace: 'tender', name: 'neo4j-credentials', key: 'neo4j' } },
    },
  },
};

/** What the pod says, one look after the other; the last is repeated. */
const LOOKS = [
  { podIP: '10.0.0.1', containerID: 'first', state: { running: {} } },
  { podIP: '10.0.0.1', containerID: 'first', state: { running: {} } },
  { podIP: '10.0.0.1', containerID: 'first', state: { terminated: {} } },
  { containerID: 'second', state: { running: {} } },
  { podIP: '10.0.0.2', containerID: 'second', state: { running: {} } },
];

for (const [name, statement] of [
  ['graph-lost', 'DETACH DELETE'],
  ['index-lost', 'DROP INDEX'],
] as const)
  test(`should do ${name} at the own address of the server that was started anew, before clients are led to it`, async (t) => {
    const control = controls.find(({ id }) => id === `failover/query/graph/${name}`);
    assert.ok(control !== undefined);
    const asked: { host: string; body: string }[] = [];
    const refusals = [new Error('ECONNREFUSED'), new Error('ECONNREFUSED')];
    t.mock.method(globalThis, 'fetch', (url: string, { body }: { body: string }) => {
      asked.push({ host: new URL(url).hostname, body });
      const refused = refusals.pop();
      if (refused !== undefined) return Promise.reject(refused);
      return Promise.resolve(new Response(JSON.stringify({ data: { values: [] } })));
    });
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
    assert.match(await over.promise, /done behind its back/);
    assert.deepEqual(
      asked.map(({ host }) => host),
      ['10.0.0.2', '10.0.0.2', '10.0.0.2'],
    );
    assert.match(asked.at(-1)?.body ?? '', new RegExp(statement));
    const { query } = (control.settings?.settings ?? {}) as { query?: { askAfterMs: number } };
    assert.ok((query?.askAfterMs ?? 0) >= 30_000, 'the check asks before the server can be back');
  });
