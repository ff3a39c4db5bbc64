import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { closed, kubeconfigText, listening } from '../../probes/kubernetes/_testing/listening.ts';
import type { Listening } from '../../probes/kubernetes/_testing/listening.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import { kubeCallFrom, kubeCallTo } from './kube-call.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-kube-call-'));
const kubeconfig = join(folder, 'kubeconfig');
const GET = { method: 'GET', path: '/api/v1/namespaces/n/configmaps/c', timeoutMs: 5_000 } as const;
let api: Listening;
let asked = 0;
/** So many requests are throttled. */
let busy = 0;
let silent = false;

before(async () => {
  api = await listening();
  writeFileSync(kubeconfig, kubeconfigText(api));
  api.server.on('request', (_request, response) => {
    if (silent) return;
    if (asked++ < busy) response.writeHead(429, { 'retry-after': '1' }).end('{}');
    else response.end('{"data":{}}');
  });
});
beforeEach(() => {
  asked = 0;
});
after(async () => {
  await closed(api);
  rmSync(folder, { recursive: true });
});

test('should repeat what was throttled while the deadline of the request allows, and say when it was answered', async () => {
  busy = 1;
  const { call, close } = kubeCallFrom(kubeconfig);
  const reply = await call(GET);
  close();
  assert.deepEqual([reply.status, reply.body, asked], [200, { data: {} }, 2]);
  assert.ok(Math.abs((reply.dateMs ?? 0) - Date.now()) < 30_000, String(reply.dateMs));
});

test('should not repeat what is asked for once, nor past the deadline', async () => {
  busy = 3;
  const { call, close } = kubeCallFrom(kubeconfig);
  assert.equal((await call({ ...GET, once: true })).status, 429);
  assert.equal((await call({ ...GET, timeoutMs: 500 })).status, 429);
  assert.equal(asked, 2);
  close();
});

test('should name the time-out that was asked for, in whole milliseconds, where there is no answer', async () => {
  silent = true;
  const { call, close } = kubeCallFrom(kubeconfig);
  await assert.rejects(call({ ...GET, timeoutMs: 200 }), /no answer within (?:200|199) ms$/);
  close();
  silent = false;
});

test('should stay with the cluster that was reached, whichever one the kubeconfig names later', async () => {
  busy = 0;
  const other = await listening();
  other.server.on('request', (_request, response) => response.end('{"of":"another cluster"}'));
  const file = join(folder, 'switched');
  writeFileSync(file, kubeconfigText(api));
  const over = new AbortController();
  const cluster = openCluster({ kubeconfig: file, signal: over.signal });
  writeFileSync(file, kubeconfigText(other));
  const [stays, follows] = [kubeCallTo(cluster), kubeCallFrom(file)];
  assert.deepEqual((await stays.call(GET)).body, { data: {} });
  assert.deepEqual((await follows.call(GET)).body, { of: 'another cluster' });
  for (const one of [stays, follows, cluster]) one.close();
  over.abort();
  await closed(other);
});
