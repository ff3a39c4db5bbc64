import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askFailureOf } from '../asking.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { connection, serving, targetOf } from './_testing/server.ts';
import { elasticsearch } from './index.ts';

const NAME = 'search.test';
const ANSWERS: Readonly<Record<string, unknown>> = {
  'POST /plumbline-canary/_doc?timeout=1s': {
    _id: 'x',
    _shards: { total: 3, successful: 3 },
    _primary_term: 1,
  },
};

test('should speak to the API and write over TLS, held to the declared name', async () => {
  const shown = await certificateFor(NAME);
  const asked: string[] = [];
  await serving(
    (what) => {
      asked.push(what);
      return { json: ANSWERS[what] ?? { nodes: { x: { fs: { data: [{ path: '/data' }] } } } } };
    },
    async (port) => {
      const at: StoreConnection = { ...connection(port), tls: { ca: shown.cert, serverName: NAME } };
      const session = elasticsearch.client(at, 'run').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'ok' }, asked.join());
      session.destroy();
      const target = { ...targetOf(port, ['e-0']), connection: at };
      assert.equal((await elasticsearch.servers(target, { deadlineMs: 2000 }))[0]?.failed, undefined);
      const wrong = { ...at, tls: { ca: shown.cert, serverName: 'other.test' } };
      const refused = await elasticsearch
        .client(wrong, 'run')
        .session()
        .open(1000)
        .catch((error: unknown) => error);
      assert.equal(askFailureOf(refused).cause, 'tls', String(refused));
      const { cannotAsk } = await elasticsearch.steady(
        { ...target, connection: wrong },
        { deadlineMs: 2000 },
      );
      assert.equal(cannotAsk, 'tls');
    },
    { tls: shown },
  );
});

test('should take up the encryption of an earlier connection', async (context) => {
  const shown = await certificateFor(NAME);
  const reused: boolean[] = [];
  const server = createServer(shown, ({ socket }, response) => {
    reused.push(socket instanceof TLSSocket && socket.isSessionReused());
    response.setHeader('x-elastic-product', 'Elasticsearch');
    response.setHeader('content-type', 'application/vnd.elasticsearch+json;compatible-with=9');
    response.end(JSON.stringify(ANSWERS['POST /plumbline-canary/_doc?timeout=1s']));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = elasticsearch.client(
    { ...connection(port), tls: { ca: shown.cert, serverName: NAME } },
    'run',
  );
  for (const n of [1, 2]) {
    const session = client.session();
    await session.open(1000);
    assert.deepEqual(await session.write(n), { outcome: 'ok' });
    session.destroy();
  }
  assert.deepEqual(reused, [false, true]);
});
