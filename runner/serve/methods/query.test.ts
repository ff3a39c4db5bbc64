import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serving, targetOf } from '../../../probes/elasticsearch/_testing/server.ts';
import type { StoreTarget } from '../../../probes/store/store-driver.ts';
import type { ServedRunner } from '../served.ts';
import { queryMethods } from './query.ts';

const CHECK = 'failover/query/vector';

function removing(target: () => Promise<StoreTarget>): Promise<null> {
  const environment = { timeouts: { storeOperation: { seconds: 2 } } };
  const runner = { stores: { target }, runState: { environment } } as unknown as ServedRunner;
  const call = { check: CHECK, signal: new AbortController().signal };
  return queryMethods(runner)['query.remove']({ check: CHECK, store: 'elasticsearch' }, call);
}

test('should remove the data of the queries, and fail nothing where it cannot', async () => {
  const asked: string[] = [];
  await serving(
    (question) => {
      asked.push(question);
      return { status: asked.length === 1 ? 200 : 503, json: {} };
    },
    async (port) => {
      for (const _ of [1, 2])
        assert.equal(await removing(() => Promise.resolve(targetOf(port, ['es-0']))), null);
    },
  );
  const removal = 'DELETE /plumbline-vectors?ignore_unavailable=true';
  assert.deepEqual(asked, [removal, removal]);
  assert.equal(await removing(() => Promise.reject(new Error('no way to the store'))), null);
});
