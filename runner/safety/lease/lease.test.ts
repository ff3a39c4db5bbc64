import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { BlockedError } from '../../../env/providers/provider.ts';
import { waitFor } from '../../../host/wait.ts';
import { identify } from '../../../host/process-identity.ts';
import { KubeError } from '../../../probes/kubernetes/errors.ts';
import { HeldError, RefusedError } from '../errors.ts';
import { Lease } from './lease.ts';
import { formatHolder, holderSelf, holderState } from './place.ts';
import type { KubeCall } from '../types.ts';
import { TestApi } from '../_testing/api.ts';
import { clockAhead } from '../_testing/clock.ts';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
const take = (api: TestApi, onLost: (reason: string) => void = () => undefined): Promise<Lease> =>
  Lease.take({ kube: api.call, namespace: 'plumbline-system', onLost });

test('takes a Lease that does not exist, and gives it back', async () => {
  const api = new TestApi();
  const lease = await take(api);
  lease.assertHeld();
  assert.equal(
    (api.objects.get(PATH)?.['spec'] as { holderIdentity: string }).holderIdentity,
    lease.identity,
  );
  await lease.release();
  assert.equal((api.objects.get(PATH)?.['spec'] as { holderIdentity: string }).holderIdentity, '');
});

test('refuses with exit code 75 while a living process holds it, and takes it when that process is gone', async () => {
  const api = new TestApi();
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const id = identify(child.pid ?? 0);
  assert.ok(id);
  const holderIdentity = formatHolder({ ...holderSelf(), ...id });
  api.put(PATH, {
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
  });
  await assert.rejects(take(api), (error: unknown) => {
    assert.ok(error instanceof HeldError);
    assert.equal(error.exitCode, 75);
    assert.match(error.message, new RegExp(`held by process ${child.pid ?? 0} on this machine`));
    return true;
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await take(api)).release();
});

test('refuses with exit code 75, and says what to do, where the account may not hold it or its namespace is not there', async () => {
  const said = 'leases.coordination.k8s.io "plumbline" is forbidden';
  for (const answers of [{ GET: 403 }, { GET: 404, POST: 403 }, { GET: 404, POST: 404 }]) {
    const kube: KubeCall = ({ method }) =>
      Promise.resolve({
        status: (answers as Record<string, number>)[method] ?? 500,
        body: { message: said },
      });
    await assert.rejects(
      Lease.take({ kube, namespace: 'plumbline-system', onLost: () => undefined }),
      (error: unknown) => {
        assert.ok(error instanceof RefusedError);
        assert.deepEqual([error.exitCode, error.reason], [75, 'not-permitted']);
        assert.match(error.message, /cannot hold the Lease plumbline-system\/plumbline/);
        assert.match(error.message, /is forbidden\. To look only, add --read-only/);
        return true;
      },
    );
  }
});

test('is no failure of the harness where the API server is busy, fails or does not answer while it is taken', async () => {
  const lost = new KubeError('timeout', 'no answer within 3000 ms', { verb: 'get', path: PATH });
  for (const [kube, said] of [
    [() => Promise.resolve({ status: 429, body: {} }), /answered 429/],
    [() => Promise.resolve({ status: 503, body: {} }), /answered 503/],
    [() => Promise.reject(lost), /cannot be taken: timeout: no answer within 3000 ms/],
  ] as const satisfies readonly (readonly [KubeCall, RegExp])[])
    await assert.rejects(
      Lease.take({ kube, namespace: 'plumbline-system', onLost: () => undefined }),
      (error) => error instanceof BlockedError && said.test(error.message),
      String(said),
    );
});

test('makes a Lease that was deleted while it was being taken', async () => {
  const api = new TestApi();
  api.put(PATH, { spec: { holderIdentity: '' } });
  const asked: string[] = [];
  const kube: KubeCall = (call) => {
    asked.push(call.method);
    if (call.method === 'PUT' && asked.filter((method) => method === 'PUT').length === 1) {
      api.objects.delete(PATH);
      return Promise.resolve({ status: 404, body: { message: 'leases "plumbline" not found' } });
    }
    return api.call(call);
  };
  const lease = await Lease.take({ kube, namespace: 'plumbline-system', onLost: () => undefined });
  lease.assertHeld();
  assert.deepEqual(asked, ['GET', 'PUT', 'GET', 'POST']);
  await lease.release();
});

test('is lost when the machine has slept past its deadline, on which the monotonic clock stood still', async (t) => {
  const lease = await take(new TestApi());
  lease.assertHeld();
  const read = fs.readFileSync;
  t.mock.method(fs, 'readFileSync', (...of: Parameters<typeof read>) => {
    const text = read(...of);
    return of[0] === '/proc/uptime' ? String(Number(String(text).split(' ')[0]) + 3600) : text;
  });
  assert.throws(() => lease.assertHeld(), /was not renewed within 10 s/);
  await lease.release();
});

test('is lost when somebody took it and gave it back', async (t) => {
  const api = new TestApi();
  const lost: string[] = [];
  const lease = await take(api, (reason) => void lost.push(reason));
  api.put(PATH, { spec: { holderIdentity: '', leaseDurationSeconds: 1 } });
  await waitFor(() => (lost.length > 0 ? true : null), { what: 'the next renewal', deadlineMs: 10_000 });
  assert.match(lost[0] ?? '', /somebody, who gave it back, took it/);
  assert.throws(() => lease.assertHeld(), /is lost/);
  t.mock.restoreAll();
  await lease.release();
});

test('is not lost where the API server fails twice in a row: a renewal that failed is tried again soon', async () => {
  const api = new TestApi();
  const lost: string[] = [];
  let renewals = 0;
  let taken = false;
  const kube: KubeCall = (request) => {
    if (!taken || request.method !== 'GET') return api.call(request);
    return ++renewals <= 2 ? Promise.resolve({ status: 503, body: {} }) : api.call(request);
  };
  const lease = await Lease.take({
    kube,
    namespace: 'plumbline-system',
    onLost: (reason) => lost.push(reason),
  });
  taken = true;
  // Well before the deadline of 10 s.
  await waitFor(() => (renewals > 2 ? true : null), { what: 'the third renewal', deadlineMs: 8_000 });
  lease.assertHeld();
  assert.deepEqual(lost, []);
  await lease.release();
});

test('does not take for dead whom it cannot see: a holder in another container of this machine', () => {
  const { host, bootId } = holderSelf();
  const elsewhere = { host, pid: 999_999_999, startTime: '1', bootId: `${bootId}0` };
  assert.equal(holderState(elsewhere), 'unknown');
  assert.equal(holderState({ ...elsewhere, bootId }), 'gone');
});

test('of another machine it waits for the whole length, then takes it unless it was renewed', async () => {
  const api = new TestApi();
  api.put(PATH, { spec: { holderIdentity: 'elsewhere/boot/1/2', leaseDurationSeconds: 0.2 } });
  const before = performance.now();
  await (await take(api)).release();
  assert.ok(performance.now() - before >= 190);
  api.put(PATH, { spec: { holderIdentity: 'elsewhere/boot/1/2', leaseDurationSeconds: 0.2 } });
  setTimeout(() => api.put(PATH, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'new' } }), 50);
  await assert.rejects(take(api), /held by host elsewhere.*renewed at new/);
});

test('quotes who holds it on one line, without commands to a terminal', async () => {
  const api = new TestApi();
  const holderIdentity = 'elsewhere\n\u001b[2Kmet/boot/1/2';
  api.put(PATH, { spec: { holderIdentity, leaseDurationSeconds: 0.1 } });
  setTimeout(() => api.put(PATH, { spec: { holderIdentity, renewTime: 'new' } }), 20);
  await assert.rejects(take(api), (error: unknown) => {
    assert.ok(error instanceof HeldError);
    assert.match(error.message, /held by host elsewhere \ufffd\[2Kmet \(elsewhere \ufffd\[2Kmet\/boot/);
    return true;
  });
});

test('after the local deadline nothing may be done, whatever the cluster says', async (t) => {
  const api = new TestApi();
  const lost: string[] = [];
  const lease = await take(api, (reason) => lost.push(reason));
  clockAhead(t, 11);
  assert.throws(
    () => lease.assertHeld(),
    (error: unknown) => error instanceof RefusedError && error.reason === 'lease-lost',
  );
  assert.match(lost.join(), /not renewed within 10 s/);
  t.mock.restoreAll();
  assert.throws(() => lease.assertHeld(), /is lost/);
  await lease.release();
});

test('a drill that takes the API server away does not lose the Lease, but nothing begins until it is renewed', async (t) => {
  const api = new TestApi();
  const lost: string[] = [];
  const lease = await take(api, (reason) => lost.push(reason));
  lease.allowGap(60_000);
  clockAhead(t, 11);
  api.down = true;
  await lease.renewAfterGap();
  assert.throws(() => lease.assertHeld(), /nothing new begins until it is/);
  api.down = false;
  await lease.renewAfterGap();
  lease.assertHeld();
  assert.deepEqual(lost, []);
  await lease.release();
});

test('a Lease that somebody else took meanwhile is lost, observation gap or not', async (t) => {
  const api = new TestApi();
  const lost: string[] = [];
  const lease = await take(api, (reason) => lost.push(reason));
  lease.allowGap(60_000);
  clockAhead(t, 11);
  api.put(PATH, { spec: { holderIdentity: 'elsewhere/boot/1/2' } });
  await lease.renewAfterGap();
  assert.throws(() => lease.assertHeld(), /elsewhere\/boot\/1\/2 took it/);
  assert.equal(lost.length, 1);
  await lease.release();
});

test('once the API server was given back and a renewal went through, a Lease that runs out is lost again', async (t) => {
  const api = new TestApi();
  const lost: string[] = [];
  const lease = await take(api, (reason) => lost.push(reason));
  let laterSeconds = 0;
  clockAhead(t, () => laterSeconds);
  lease.allowGap(60_000);
  api.down = true;
  laterSeconds = 11;
  lease.endGap();
  await lease.renewAfterGap();
  assert.throws(() => lease.assertHeld(), /nothing new begins until it is/);
  api.down = false;
  await lease.renewAfterGap();
  lease.assertHeld();
  laterSeconds = 22;
  assert.throws(() => lease.assertHeld(), /is lost/);
  assert.equal(lost.length, 1);
  await lease.release();
});
