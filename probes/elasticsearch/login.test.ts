import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askFailureOf, askText } from '../asking.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { connection, refusing, serving, targetOf } from './_testing/server.ts';
import type { Answering } from './_testing/server.ts';
import { elasticsearch } from './index.ts';
import type { Product } from './product.ts';

const BOUNDS = { deadlineMs: 2000 };
const WRITTEN = { _id: 'x', _shards: { total: 3, successful: 3 }, _primary_term: 1 };
const FOLDERS = { nodes: { x: { fs: { data: [{ path: '/data' }] } } } };

/** Who asked, as the server saw it: a write of the client load, and a member for its folders. */
async function shownBy(product: Product, login: Partial<StoreConnection>): Promise<string[]> {
  const shown: string[] = [];
  const answer: Answering = (asked, { authorization = 'nobody' }) => {
    shown.push(authorization);
    return { json: asked.startsWith('POST') ? WRITTEN : FOLDERS };
  };
  const declared = product === 'opensearch' ? { product } : {};
  await serving(
    answer,
    async (port) => {
      const at: StoreConnection = { ...connection(port), declared, ...login };
      const session = elasticsearch.client(at, 'run').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'ok' });
      session.destroy();
      const target = { ...targetOf(port, ['e-0']), connection: at };
      const [facts] = await elasticsearch.servers(target, BOUNDS);
      assert.deepEqual(facts?.dataFolders, ['/data']);
    },
    { product },
  );
  return shown;
}

test('should log in by an account, or as nobody, in every request', async () => {
  const account = `Basic ${Buffer.from('u:p').toString('base64')}`;
  const nobody = { user: '', password: '' };
  for (const product of ['elasticsearch', 'opensearch'] as const) {
    assert.deepEqual(await shownBy(product, {}), [account, account], product);
    assert.deepEqual(await shownBy(product, nobody), ['nobody', 'nobody'], product);
  }
});

test('should say of a refused password that it is the account', async () => {
  const answer: Answering = () => refusing(401, 'security_exception', 'unable to authenticate user [u]');
  await serving(answer, async (port) => {
    const error: unknown = await elasticsearch
      .describe(targetOf(port, ['e-0']), BOUNDS)
      .catch((thrown: unknown) => thrown);
    assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'credentials' });
    assert.match(askText(error), /^it refuses the account \(user, password, .*401/);
  });
});
