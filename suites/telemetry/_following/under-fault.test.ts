import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { observeUnderFault } from './under-fault.ts';

const ANSWERS: Record<string, unknown> = {
  'store.steady': { ok: true, leader: 'postgres-0', detail: '' },
  'state.note': { unrest: [] },
  'fault.inject': { target: 'postgres-0', landedAtMs: 1000, lasting: false },
};

/** A trial of traces, in which so many requests had been answered, or not well, when the fault was due. */
async function trialAfter(answers: { ended: number; failed: number }) {
  const methods: string[] = [];
  const recorded: { kind: string; reason?: string }[] = [];
  const canary = { underFaultSeconds: 30, perSecond: 5, linesPerSecond: 10 };
  const ctx = {
    ...{ id: 'telemetry/traces/under-fault', trial: 1, run: 'r1' },
    settings: {
      ...{ store: 'postgres', fault: 'pod-crash', drills: { steadySeconds: 0 } },
      telemetry: { canary },
    },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: object = {}) => recorded.push({ kind, ...fields }),
    runner: {
      call: (method: string) => {
        methods.push(method);
        return Promise.resolve(method === 'telemetry.answers' ? answers : (ANSWERS[method] ?? {}));
      },
    },
  };
  await observeUnderFault(ctx as unknown as CheckContext, ['traces']);
  return { methods, recorded };
}

test('should inject the fault while requests are answered well, and follow what arrives', async () => {
  const { methods } = await trialAfter({ ended: 50, failed: 5 });
  const order = ['telemetry.start', 'telemetry.answers', 'fault.inject', 'telemetry.finish', 'state.compare'];
  assert.deepEqual(
    methods.filter((method) => order.includes(method)),
    order,
  );
});

test('should inject nothing where requests fail already, and still end the trial', async () => {
  const { methods, recorded } = await trialAfter({ ended: 50, failed: 6 });
  assert.ok(!methods.includes('fault.inject') && !methods.includes('telemetry.finish'));
  assert.deepEqual(methods.slice(-4), ['telemetry.stop', 'fault.restore', 'store.steady', 'state.compare']);
  assert.deepEqual(
    recorded.filter(({ kind }) => kind === 'no-fault'),
    [
      {
        kind: 'no-fault',
        reason: '6 of 50 canary requests had failed before the fault, and it was not injected',
      },
    ],
  );
});
