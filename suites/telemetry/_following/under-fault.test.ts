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
async function trialAfter(answers: { ended: number; failed: number }, steadySeconds = 0) {
  const methods: string[] = [];
  const recorded: { kind: string; reason?: string }[] = [];
  const steps: string[] = [];
  const canary = { underFaultSeconds: 30, perSecond: 5, linesPerSecond: 10 };
  const ctx = {
    id: 'telemetry/traces/under-fault',
    trial: 1,
    run: 'r1',
    settings: { store: 'postgres', fault: 'pod-crash', drills: { steadySeconds }, telemetry: { canary } },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (title: string, work: () => unknown) => {
      steps.push(title);
      return title.startsWith('let requests') ? undefined : work();
    },
    record: (kind: string, fields: object = {}) => recorded.push({ kind, ...fields }),
    runner: {
      call: (method: string) => {
        methods.push(method);
        return Promise.resolve(method === 'telemetry.answers' ? answers : (ANSWERS[method] ?? {}));
      },
    },
  };
  await observeUnderFault(ctx as unknown as CheckContext, ['traces']);
  return { methods, recorded, steps };
}

test('should inject the fault while requests are answered well, and follow what arrives', async () => {
  const { methods } = await trialAfter({ ended: 50, failed: 5 });
  const order = ['telemetry.start', 'telemetry.answers', 'fault.inject', 'telemetry.finish', 'state.compare'];
  assert.deepEqual(
    methods.filter((method) => order.includes(method)),
    order,
  );
});

test('should inject the fault while requests still flow, however long the steady stretch of drills is', async () => {
  for (const [steadySeconds, waited] of [
    [10, 10],
    [60, 15],
  ] as const) {
    const { steps } = await trialAfter({ ended: 50, failed: 5 }, steadySeconds);
    assert.ok(
      steps.includes(`let requests and lines flow for ${waited} s before the fault`),
      steps.join('\n'),
    );
  }
});

/** What the disks are asked, after a trial of logs in a cluster of 134 nodes with the store and a service on some of them. */
async function logTrial(on: { members: string[]; service: string[] }) {
  const asked: Record<string, { pods?: { node: string; clock: { errorMs: number } }[]; nodes?: string[] }> =
    {};
  const nodes = Array.from({ length: 134 }, (_, index) => ({
    metadata: { name: `w${index}` },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }));
  const podOn = (owner: { kind: string; name: string }) => (nodeName: string, index: number) => ({
    metadata: {
      name: `${owner.name}-${index}`,
      namespace: 'n',
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: { nodeName, containers: [{ name: 'c' }] },
    status: { phase: 'Running' },
  });
  const pods = [
    ...on.members.map(podOn({ kind: 'StatefulSet', name: 'pg' })),
    ...on.service.map(podOn({ kind: 'StatefulSet', name: 'api' })),
  ];
  // 10,000 lines of each node and 50,000 of requests: room for four writers.
  const canary = { underFaultSeconds: 1000, perSecond: 50, linesPerSecond: 10 };
  const ctx = {
    id: 'telemetry/logs/under-fault',
    trial: 1,
    run: 'r1',
    settings: {
      store: 'postgres',
      fault: 'node-loss',
      drills: { steadySeconds: 0 },
      writes: true,
      stores: { postgres: { members: 3, statefulSet: { namespace: 'n', name: 'pg' } } },
      namespaces: { canary: 'c' },
      network: { probeImage: 'i' },
      topology: { pools: [] },
      workloads: [{ kind: 'StatefulSet', namespace: 'n', name: 'api' }],
      telemetry: {
        canary,
        logs: { kind: 'elasticsearch', fields: {} },
        traces: { path: [{ service: 'api', logs: true }] },
      },
    },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: () => undefined,
    unavailable: () => undefined,
    cluster: {
      apply: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      wait: () => Promise.resolve(),
      items: ({ kind, labels }: { kind: string; labels?: object }) =>
        Promise.resolve(kind === 'v1/Node' ? nodes : labels === undefined && kind === 'v1/Pod' ? pods : []),
    },
    runner: {
      call: (method: string, params: object) => {
        asked[method] = params;
        if (method === 'telemetry.answers') return Promise.resolve({ ended: 50, failed: 0 });
        if (method === 'clocks.nodes')
          return Promise.resolve([{ node: on.members[0], offsetMs: 0, errorMs: 2 }]);
        return Promise.resolve(ANSWERS[method] ?? {});
      },
    },
  };
  await observeUnderFault(ctx as unknown as CheckContext, ['logs']);
  return asked;
}

test('should write on the nodes of the store and of services before others, where it is a sample', async () => {
  const asked = await logTrial({ members: ['w70', 'w7', 'w133'], service: ['w99'] });
  assert.deepEqual(asked['telemetry.start']?.nodes?.toSorted(), ['w133', 'w7', 'w70', 'w99']);
});

test('should read logs from further back on a node whose clock was not measured', async () => {
  const asked = await logTrial({ members: ['w70', 'w7', 'w133'], service: ['w70', 'w98', 'w99'] });
  const errors = asked['telemetry.disk']?.pods?.map(({ node, clock }) => [node, clock.errorMs]);
  assert.deepEqual(errors, [
    ['w70', 2],
    ['w98', 900_000],
    ['w99', 900_000],
  ]);
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
