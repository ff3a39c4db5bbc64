/** Lease, kill switch and pauses against the API server of the small embedded environment. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKOUT } from '../../host/paths.ts';
import { kubeCallFrom, KillSwitchError, openSafety } from '../../runner/provider-safety.ts';
import type { KubeCall, SafetyOptions } from '../../runner/provider-safety.ts';
import { LEASE_SECONDS } from '../../runner/safety/lease/lease.ts';
import { provisioned } from './_helpers/instance.ts';

const INSTANCE = 'local-small';
const NODE = { apiVersion: 'v1', kind: 'Node', name: 'worker-1' };
const KILL_SWITCHES = '/api/v1/namespaces/plumbline-system/configmaps';
/** Longer than the Lease: by then anybody may have taken it. */
const PAUSE_MS = LEASE_SECONDS * 1000 + 3_000;

let kubeconfig = '';
let kube: KubeCall;
let close: () => void;
let options: SafetyOptions;

before(async () => {
  kubeconfig = await provisioned(['postgres']);
  ({ call: kube, close } = kubeCallFrom(kubeconfig));
  const { body } = await kube({ method: 'GET', path: '/api/v1/namespaces/kube-system', timeoutMs: 10_000 });
  const clusterUid = (body as { metadata: { uid: string } }).metadata.uid;
  options = {
    environment: INSTANCE,
    embedded: INSTANCE,
    clusterUid,
    kube,
    kubeconfig,
    undoImage: { deployment: { namespace: 'tender', name: 'tender-api' } },
    runId: 'safety-itest',
    restoreDeadlineMs: 600_000,
    notice: () => undefined,
  };
});
after(() => close());

async function annotations(): Promise<Record<string, string>> {
  const { body } = await kube({ method: 'GET', path: '/api/v1/nodes/worker-1', timeoutMs: 10_000 });
  return (body as { metadata: { annotations?: Record<string, string> } }).metadata.annotations ?? {};
}

test('a second start is refused with exit code 75 and says who holds the environment', async () => {
  const safety = await openSafety(options);
  try {
    const child = spawn(
      process.execPath,
      [join(CHECKOUT, 'cli/plumbline.mjs'), 'restore', '--env', INSTANCE],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 75);
    assert.match(said, new RegExp(`held by process ${process.pid} on this machine`));
  } finally {
    await safety.close();
  }
});

test('the kill switch stops everything within 2 s, restoring still works, and nothing starts until it is removed', async () => {
  const safety = await openSafety(options);
  const stopped = once(safety.stopped, 'abort');
  await safety.patch('safety', NODE, { metadata: { annotations: { 'plumbline.dev/kill-switch': 'acted' } } });
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'plumbline-stop' },
    data: { reason: 'a test' },
  };
  await kube({ method: 'POST', path: KILL_SWITCHES, body, timeoutMs: 10_000 });
  try {
    const setMs = performance.now();
    await stopped;
    // Nobody asks for it: the rollback of what was done runs at once.
    while ('plumbline.dev/kill-switch' in (await annotations()) && performance.now() - setMs < 10_000)
      await sleep(20);
    const tookMs = performance.now() - setMs;
    assert.ok(tookMs < 2_000, `undone only after ${Math.round(tookMs)} ms`);
    await assert.rejects(
      safety.patch('safety', NODE, { metadata: { annotations: { other: 'x' } } }),
      KillSwitchError,
    );
    assert.deepEqual((await safety.close()).failed, []);
    assert.equal('plumbline.dev/kill-switch' in (await annotations()), false);
    await assert.rejects(openSafety(options), /"a test"/);
  } finally {
    await kube({ method: 'DELETE', path: `${KILL_SWITCHES}/plumbline-stop`, timeoutMs: 10_000 });
  }
});

test('a holder that was paused for longer than its Lease allows does nothing when it wakes', async () => {
  const script = join(import.meta.dirname, '_helpers', 'safety-holder.ts');
  const child = spawn(process.execPath, [script, kubeconfig, options.clusterUid], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'holding');
  child.kill('SIGSTOP');
  child.stdin.write('go\n');
  await sleep(PAUSE_MS);
  child.kill('SIGCONT');
  assert.equal((await lines.next()).value, 'refused: lease-lost');
  await once(child, 'exit');
  assert.equal('plumbline.dev/paused' in (await annotations()), false);
});
