import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeServer } from '../../../../probes/neo4j/_testing/server.ts';
import type { StoreConnection } from '../../../../probes/store/store-driver.ts';
import { controls } from './neo4j.ts';
import { contextOf } from '../../../_testing/control-context.ts';

const environment = {
  stores: {
    neo4j: {
      statefulSet: { namespace: 'tender', name: 'neo4j' },
      container: 'neo4j',
    },
  },
};

/** Address of the restarted server; nothing listens at the address that it had before. */
const STARTED_AGAIN = '127.44.0.2';
const CONNECTION = { host: '127.44.0.3', port: 7687, database: 'neo4j', user: 'neo4j', password: 'p' };
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
    const server = await fakeServer(
      (message, socket) => {
        if (message !== 'RUN' || server.messages.filter((one) => one === 'RUN').length > REFUSED)
          return undefined;
        socket.destroy();
        return 'silent';
      },
      {
        answers: (query) => {
          asked.push(query);
          return { rows: [] };
        },
      },
    );
    t.after(() => server.close());
    const dial: StoreConnection['dial'] = ({ host }) =>
      host === STARTED_AGAIN
        ? Promise.resolve({ host: '127.0.0.1', port: server.port })
        : Promise.reject(new Error(`${host} was asked`));
    const target = { connection: { ...CONNECTION, dial }, members: () => Promise.resolve([]) };
    let looks = 0;
    const over = Promise.withResolvers<string>();
    const ctx = contextOf({
      environment,
      store: () => Promise.resolve(target),
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
