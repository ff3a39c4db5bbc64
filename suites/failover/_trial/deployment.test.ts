import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { RequestError } from '../../harness/request-error.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { runDeploymentTrial } from './deployment.ts';

const CHECK = 'failover/backend/pod-crash';

const MISSED = { target: 'orders-1', landedAtMs: null, proof: '' };

/** A trial of a backend that is ready, whose client load does not start, or flows so; what was asked and recorded is kept. */
async function trialWith(
  load: Error | { failed: number },
  stop: Error | null = null,
): Promise<{ methods: string[]; recorded: Seen[]; thrown: unknown }> {
  const methods: string[] = [];
  const recorded: Seen[] = [];
  const failed = load instanceof Error ? 0 : load.failed;
  const ctx = {
    id: CHECK,
    trial: 1,
    signal: new AbortController().signal,
    goals: { windowSeconds: 30 },
    settings: { drills: { steadySeconds: 1 }, workloads: [] },
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: Record<string, unknown> = {}) => recorded.push([kind, fields]),
    cluster: { wait: () => Promise.resolve({ items: [{}] }) },
    runner: {
      call: (method: string) => {
        methods.push(method);
        if (method === 'clientLoad.stop' && stop !== null) return Promise.reject(stop);
        if (method === 'clientLoad.start' && load instanceof Error) return Promise.reject(load);
        if (method === 'clientLoad.wait')
          return Promise.resolve({ met: true, acknowledged: 500, detail: '', failed });
        if (method === 'fault.inject') return Promise.resolve(MISSED);
        return Promise.resolve(method === 'state.note' ? { unrest: [] } : {});
      },
    },
  };
  const trial = runDeploymentTrial(ctx as unknown as CheckContext, {
    subject: 'backend',
    called: 'the backend',
    clientLoad: 'edge',
    minAcknowledged: 100,
    deployment: { namespace: 'shop', name: 'orders' },
    fault: 'pod-crash',
  });
  const thrown = await trial.then(
    () => null,
    (cause: unknown) => cause,
  );
  return { methods, recorded, thrown };
}

const REFUSED =
  'application.requests.look (GET /orders) was refused with 401: the credentials (application.credentials) are missing, wrong or no longer valid; shown was application.credentials.headers.X-API-Key (variable SHOP_KEY)';

test('should inject nothing where the gateway refuses who asks, and say which request, and with what it asked', async () => {
  for (const reason of ['unreachable', 'unavailable']) {
    const { methods, recorded, thrown } = await trialWith(new RequestError(REFUSED, reason));
    assert.equal(thrown, null);
    assert.equal(methods.includes('fault.inject'), false);
    assert.deepEqual(methods.slice(-2), ['clientLoad.stop', 'fault.restore'], 'nothing is left running');
    assert.deepEqual(recorded.at(-1), ['no-fault', { reason: REFUSED }]);
    const goals = { failedRatio: 0.001, windowSeconds: 30 };
    const judgement = judge({ check: CHECK, goals, seen: recorded });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.ok(
      judgement.reason.startsWith(`the fault did not land: it was not injected: ${REFUSED}`),
      judgement.reason,
    );
    assert.equal(judgement.trials?.[0]?.landed.injected, false);
  }
});

test('should crash for a defect of its own', async () => {
  const { recorded, thrown } = await trialWith(new RequestError('it has a client load already', 'crash'));
  assert.match(String(thrown), /has a client load already/);
  assert.equal(
    recorded.some(([kind]) => kind === 'no-fault'),
    false,
  );
});

test('should inject nothing once a request has failed, however well they flow since: such a trial cannot pass', async () => {
  const calm = await trialWith({ failed: 0 });
  assert.equal(calm.thrown, null);
  assert.equal(calm.methods.includes('fault.inject'), true);
  const { methods, recorded, thrown } = await trialWith({ failed: 2 });
  assert.equal(thrown, null);
  assert.equal(methods.includes('fault.inject'), false);
  assert.deepEqual(methods.slice(-2), ['clientLoad.stop', 'fault.restore'], 'nothing is left running');
  const reason = '2 of 502 requests had failed before the fault';
  assert.deepEqual(recorded.at(-1), ['no-fault', { reason }]);
  const judgement = judge({ check: CHECK, goals: { failedRatio: 0.001, windowSeconds: 30 }, seen: recorded });
  assert.equal(judgement.verdict, 'inconclusive');
  assert.ok(judgement.reason.startsWith(`the fault did not land: it was not injected: ${reason}`));
});

test('should ask for the fault to be undone though the load cannot be stopped', async () => {
  const full = new Error('ENOSPC: no space left on device');
  const { methods, thrown } = await trialWith({ failed: 0 }, full);
  assert.equal(thrown, full);
  assert.deepEqual(methods.slice(-2), ['clientLoad.stop', 'fault.restore']);
});
