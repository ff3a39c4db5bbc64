import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { RunnerError } from '../../harness/client.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { runDeploymentTrial } from './deployment.ts';

const CHECK = 'failover/backend/pod-crash';

/** A trial of a backend that is ready, whose client load does not start; what was asked and recorded is kept. */
async function trialWith(error: Error): Promise<{ methods: string[]; recorded: Seen[]; thrown: unknown }> {
  const methods: string[] = [];
  const recorded: Seen[] = [];
  const ctx = {
    ...{ id: CHECK, trial: 1, signal: new AbortController().signal, goals: { windowSeconds: 30 } },
    settings: { drills: { steadySeconds: 1 }, workloads: [] },
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: Record<string, unknown> = {}) => recorded.push([kind, fields]),
    cluster: { wait: () => Promise.resolve({ items: [{}] }) },
    runner: {
      call: (method: string) => {
        methods.push(method);
        if (method === 'clientLoad.start') return Promise.reject(error);
        return Promise.resolve(method === 'state.note' ? { unrest: [] } : {});
      },
    },
  };
  const trial = runDeploymentTrial(ctx as unknown as CheckContext, {
    ...{ subject: 'backend', called: 'the backend', clientLoad: 'edge', minAcknowledged: 100 },
    ...{ deployment: { namespace: 'shop', name: 'orders' }, fault: 'pod-crash' },
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
    const { methods, recorded, thrown } = await trialWith(new RunnerError(REFUSED, reason));
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
  const { recorded, thrown } = await trialWith(new RunnerError('it has a client load already', 'crash'));
  assert.match(String(thrown), /has a client load already/);
  assert.equal(
    recorded.some(([kind]) => kind === 'no-fault'),
    false,
  );
});
