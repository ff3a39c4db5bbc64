import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadOnlyError, ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { ACTS } from '../../suites/harness/acting.ts';
import { readingOnly } from './reading-only.ts';
import type { Handlers } from './session.ts';

const call = { check: 'a/b', signal: new AbortController().signal };

test('should refuse every method that acts, before it does, and serve the others', async () => {
  const guard = new ReadOnlyGuard();
  const acts = Object.keys(ACTS).map(
    (method) => [method, (): never => assert.fail(`${method} was served`)] as const,
  );
  const all = { ...Object.fromEntries(acts), 'cluster.authority': () => Promise.resolve({ pem: 'p' }) };
  const served = readingOnly(all as unknown as Handlers, guard);
  for (const method of Object.keys(ACTS) as (keyof Handlers)[]) {
    const handler = served[method] as (params: unknown, of: typeof call) => Promise<unknown>;
    await assert.rejects(() => handler({}, call), ReadOnlyError);
    assert.equal(guard.tried.at(-1), `${method}, called by a/b`);
  }
  assert.deepEqual(await served['cluster.authority']({}, call), { pem: 'p' });
  assert.equal(guard.tried.length, Object.keys(ACTS).length);
});
