import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { aiMethods } from './ai.ts';
import type { ServedRunner } from '../served.ts';

const local = await loadEnvironment('local');
const rest = { delayMs: 300, failRatio: 0, status: 503 };
const url = 'http://127.0.0.1:1';

/** Rollbacks that are recorded before the model is told to be slow. */
async function recorded(environment: Environment): Promise<unknown> {
  let rollbacks: unknown;
  const perform = (action: { rollbacks: unknown }): Promise<void> => {
    rollbacks = action.rollbacks;
    return Promise.resolve();
  };
  const runner = { runState: { environment }, parts: { safety: { perform } } } as unknown as ServedRunner;
  const check = 'integrations/llm';
  const call = { check, signal: new AbortController().signal };
  await aiMethods(runner)['ai.behave']({ check, title: 'slow', behaviour: { delayMs: 1000 } }, call);
  return rollbacks;
}

test('should say in the rollback whether the stand-in runs on this machine', async () => {
  assert.ok(local.ai !== undefined);
  const ai = { ...local.ai, llm: { ...local.ai.llm, control: { url, rest } } };
  assert.deepEqual(await recorded({ ...local, ai }), [{ kind: 'stand-in', url, rest, embedded: true }]);
  const cluster = { kubeconfig: '/dev/null', context: 'c' } as unknown as Environment['cluster'];
  assert.deepEqual(await recorded({ ...local, ai, cluster }), [
    { kind: 'stand-in', url, rest, embedded: false },
  ]);
});
