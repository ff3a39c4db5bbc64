import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestApi } from '../../safety/_testing/api.ts';
import { openForTest, safetyOptions } from '../../safety/_testing/safety.ts';
import type { ServedRunner } from '../served.ts';
import { clusterMethods } from './cluster.ts';

test('should create nothing for a worker that is gone, although what was in the way is gone as well by then', async () => {
  const api = new TestApi();
  const path = '/api/v1/namespaces/c/pods/canary';
  api.put(path, { apiVersion: 'v1', kind: 'Pod', metadata: { deletionTimestamp: 't' } });
  const safety = await openForTest(safetyOptions(api));
  const cluster = { wait: () => Promise.resolve({ items: [] }) };
  const { 'cluster.apply': apply } = clusterMethods({
    parts: { safety, cluster },
  } as unknown as ServedRunner);
  const worker = new AbortController();
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'canary', namespace: 'c' } };
  const applied = apply({ check: 'c', objects: [pod] }, { check: 'c', signal: worker.signal });
  worker.abort(new Error('the worker is gone'));
  api.objects.delete(path);
  await assert.rejects(applied, /the worker is gone/);
  assert.equal(api.objects.has(path), false);
});
