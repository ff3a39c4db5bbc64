import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { controls } from './elasticsearch.ts';
import { contextOf } from '../../../_testing/control-context.ts';

const INDEX = '/plumbline-canary';
const control = (id: string): (typeof controls)[number] =>
  controls.find((one) => one.id === id) ?? assert.fail(id);
const noReplicas = control('failover/elasticsearch/pod-delete/no-replicas');
const indexLost = control('failover/query/vector/index-lost');

interface Asked {
  method: string;
  path: string;
}
type Answer = { status: number; json?: unknown };

/** A server that answers as it is told, and a context that leads to it. */
async function served(
  t: TestContext,
  answer: (asked: Asked, before: readonly Asked[]) => Answer,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ ctx: ControlContext; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { method = '', url: path = '' } = request;
    const one = { method, path };
    const { status, json = {} } = answer(one, asked);
    asked.push(one);
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      .end(JSON.stringify(json));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const elasticsearch = {
    statefulSet: { namespace: 'tender', name: 'elasticsearch' },
    container: 'elasticsearch',
  };
  const { port } = server.address() as AddressInfo;
  const connection = { host: '127.0.0.1', port, database: '', user: '', password: '', declared: {} };
  const target = { connection, members: () => Promise.resolve([]) };
  const ctx = contextOf({
    environment: { stores: { elasticsearch } },
    signal,
    store: () =>
      signal.aborted ? Promise.reject(new Error('the control is over')) : Promise.resolve(target),
  });
  return { ctx, asked };
}

const deletions = (asked: readonly Asked[]): Asked[] => asked.filter(({ method }) => method === 'DELETE');
const settings = (replicas: string): unknown => ({
  'plumbline-canary': { settings: { 'index.number_of_replicas': replicas } },
});

test('should delete the index without replicas after its count, also when the count is wrong, until it is gone', async (t) => {
  const { ctx, asked } = await served(t, ({ method }, before) => {
    if (method === 'DELETE') return { status: deletions(before).length === 0 ? 503 : 200 };
    return { status: 404 };
  });
  const judgement = { trials: [{ writes: { lost: 500, ok: 500, present: 0 } }] } as unknown as Judgement;
  assert.equal(await noReplicas.verify?.(ctx, judgement), 'the index is gone');
  assert.deepEqual(
    deletions(asked).map(({ path }) => path),
    [INDEX, INDEX],
  );
});

test('should delete the index without replicas when the control is over and nobody has counted, and no other', async (t) => {
  for (const [replicas, expected] of [
    ['0', 1],
    ['2', 0],
  ] as const) {
    const over = new AbortController();
    const told = Promise.withResolvers<undefined>();
    const answered = ({ method, path }: Asked): Answer => {
      const asksForSettings = path.includes('flat_settings');
      if (method === 'DELETE' || (asksForSettings && replicas !== '0'))
        setImmediate(() => told.resolve(undefined));
      return asksForSettings ? { status: 200, json: settings(replicas) } : { status: 200 };
    };
    const { ctx, asked } = await served(t, answered, over.signal);
    // The break's work beside the check is not tested here.
    await noReplicas.break({ ...ctx, until: () => Promise.reject(new Error('not now')) });
    over.abort();
    await told.promise;
    await new Promise(setImmediate);
    assert.equal(deletions(asked).length, expected, `${replicas} replicas`);
  }
});

test('should delete the index that was searched once a server was restarted, again and again while the store does not answer', async (t) => {
  const { ctx, asked } = await served(t, ({ method }, before) => {
    const number = deletions(before).length;
    return { status: method === 'DELETE' && number < 4 ? 503 : 200 };
  });
  let looks = 0;
  const over = Promise.withResolvers<string>();
  const list = (): Promise<object[]> => {
    const containerID = ++looks < 4 ? 'before' : 'after';
    assert.deepEqual(deletions(asked), [], 'nothing is deleted before the crash is seen');
    const status = { containerStatuses: [{ name: 'elasticsearch', containerID }] };
    const ownerReferences = [{ kind: 'StatefulSet', name: 'elasticsearch' }];
    const metadata = { name: 'elasticsearch-0', namespace: 'tender', ownerReferences };
    return Promise.resolve([{ apiVersion: 'v1', kind: 'Pod', metadata, status }]);
  };
  await indexLost.break(contextOf({ ...ctx, list, log: over.resolve }));
  assert.match(await over.promise, /is deleted/);
  assert.equal(looks, 4);
  assert.equal(deletions(asked).length, 5);
});
