import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setVariable } from '../../../host/_testing/variable.ts';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { aiMethods } from './ai.ts';
import type { ServedRunner } from '../served.ts';

const local = await loadEnvironment('local');
const rest = { delayMs: 300, failRatio: 0, status: 503 };
const url = 'http://127.0.0.1:1';

/** What is answered to who wants the model slow, and the rollbacks that are recorded before it is told to be. */
async function behave(environment: Environment): Promise<{ rollbacks: unknown; answer: unknown }> {
  let rollbacks: unknown;
  const perform = (action: { rollbacks: unknown }): Promise<void> => {
    rollbacks = action.rollbacks;
    return Promise.resolve();
  };
  const runner = { runState: { environment }, parts: { safety: { perform } } } as unknown as ServedRunner;
  const check = 'integrations/llm';
  const call = { check, signal: new AbortController().signal };
  const behaviour = { delayMs: 1000 };
  const answer = await aiMethods(runner)['ai.behave']({ check, title: 'slow', behaviour }, call);
  return { rollbacks, answer };
}

assert.ok(local.ai !== undefined);
const embedded = { ...local, ai: { ...local.ai, llm: { ...local.ai.llm, control: { url, rest } } } };
const cluster = { kubeconfig: '/dev/null', context: 'c' } as unknown as Environment['cluster'];

test('should say in the rollback whether the stand-in runs on this machine', async (t) => {
  setVariable(t, 'KUBERNETES_SERVICE_HOST', undefined);
  const of = async (environment: Environment): Promise<unknown> => (await behave(environment)).rollbacks;
  assert.deepEqual(await of(embedded), [{ kind: 'stand-in', url, rest, embedded: true }]);
  assert.deepEqual(await of({ ...embedded, cluster }), [{ kind: 'stand-in', url, rest, embedded: false }]);
});

test('should change nothing from within a pod, with which the timer that puts the stand-in back would be lost', async (t) => {
  setVariable(t, 'KUBERNETES_SERVICE_HOST', '10.0.0.1');
  const { rollbacks, answer } = await behave({ ...embedded, cluster });
  assert.equal(rollbacks, undefined);
  assert.match((answer as { unavailable: string }).unavailable, /^Plumbline runs in a pod, /);
  // An embedded environment is on this very machine.
  assert.notEqual((await behave(embedded)).rollbacks, undefined);
});
