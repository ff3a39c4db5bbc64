import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { setVariable } from '../../../host/_testing/variable.ts';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { aiMethods } from './ai.ts';
import type { ServedRunner } from '../served.ts';

const local = await loadEnvironment('local');
const rest = { delayMs: 300, failRatio: 0, status: 503 };

/** What the stand-in was told, and the status with which it answers. */
const told: unknown[] = [];
let status = 200;
const standIn = createServer((request, response) => {
  request.on('data', (part: Buffer) => told.push(JSON.parse(part.toString())));
  request.on('end', () => response.writeHead(status).end('{}'));
});
await new Promise<void>((resolve) => standIn.listen(0, '127.0.0.1', resolve));
after(() => standIn.close().closeAllConnections());
const url = `http://127.0.0.1:${(standIn.address() as AddressInfo).port}`;

/** What is answered to who wants the model slow, and the rollbacks that are recorded before it is told to be; undefined: none. */
async function behave(environment: Environment): Promise<{ rollbacks: unknown; answer: unknown }> {
  let rollbacks: unknown;
  const perform = (action: { rollbacks: unknown[]; act: () => Promise<void> }): Promise<void> => {
    if (action.rollbacks.length > 0) rollbacks = action.rollbacks;
    return action.act();
  };
  const answer = await slow(environment, perform);
  return { rollbacks, answer };
}

async function slow(environment: Environment, perform: unknown): Promise<unknown> {
  const runner = { runState: { environment }, parts: { safety: { perform } } } as unknown as ServedRunner;
  const check = 'integrations/llm';
  const call = { check, signal: new AbortController().signal };
  const behaviour = { delayMs: 1000 };
  return aiMethods(runner)['ai.behave']({ check, title: 'slow', behaviour }, call);
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

test('should record no rollback where the stand-in refuses or cannot be reached', async (t) => {
  setVariable(t, 'KUBERNETES_SERVICE_HOST', undefined);
  const at = (base: string): Environment => ({
    ...local,
    ai: { ...(local.ai ?? assert.fail()), llm: { ...embedded.ai.llm, control: { url: base, rest } } },
  });
  t.after(() => (status = 200));
  status = 404;
  told.length = 0;
  const refused = await behave(at(url));
  assert.equal(refused.rollbacks, undefined);
  assert.match((refused.answer as { unavailable: string }).unavailable, /answers 404: /);
  assert.deepEqual(told, [rest], 'it is told to be as it is at rest, and nothing else');
  const away = await behave(at('http://127.0.0.1:1'));
  assert.equal(away.rollbacks, undefined);
  assert.match((away.answer as { unavailable: string }).unavailable, /stand-in.*ECONNREFUSED/);
});

test('should set its behaviour at rest before the one that is asked for', async (t) => {
  setVariable(t, 'KUBERNETES_SERVICE_HOST', undefined);
  told.length = 0;
  assert.deepEqual((await behave(embedded)).answer, {});
  assert.deepEqual(told, [rest, { ...rest, delayMs: 1000 }]);
});

test('should tell the stand-in nothing at all where the guard refuses', async (t) => {
  setVariable(t, 'KUBERNETES_SERVICE_HOST', undefined);
  told.length = 0;
  const refusing = () => Promise.reject(new Error('not permitted'));
  await assert.rejects(slow(embedded, refusing), /not permitted/);
  assert.deepEqual(told, []);
});
