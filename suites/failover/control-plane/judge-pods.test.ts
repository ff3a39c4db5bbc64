import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { History } from '../../../reports/record/history/history.ts';
import { lookedRule, podFindings } from './judge-pods.ts';

const TARGET = 'control-1';
const API = 'Deployment tender/tender-api';
type Pod = ReturnType<typeof pod>;
type Row = [pod: string, node: string, more?: object];

const pod = ([name, node, more = {}]: Row) => ({
  pod: name,
  uid: `uid of ${name}`,
  restarts: 2,
  node,
  static: false,
  ...more,
});
const own = (name: string, node: string): Pod => pod([`kube-system/${name}-${node}`, node, { static: true }]);
const CONTROL = ['control-1', 'control-2', 'control-3'];
const STATIC = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].flatMap((name) =>
  CONTROL.map((node) => own(name, node)),
);
const ONE = 'tender/tender-api-6f65d846fd-b84h4';
const TWO = 'tender/tender-api-6f65d846fd-sr7tw';
const PODS: Pod[] = [
  ...STATIC,
  pod(['tender/redis-0', 'worker-1']),
  pod([ONE, 'worker-2']),
  pod([TWO, 'worker-1']),
];
const SCALED = [ONE, TWO].map((name) => ({ pod: name, workload: API }));

interface Seen {
  pods?: Pod[];
  scaled?: typeof SCALED;
  t?: number;
}

function historyOf(before: Seen, after: Seen, waitedMs = 5): History {
  const usual = { kind: 'platform-pods', pods: PODS, scaled: SCALED };
  const workloads = [
    { kind: 'Deployment', namespace: 'tender', name: 'tender-api', replicas: { min: 2, max: 5 } },
  ];
  return {
    header: { settings: { topology: { workloads, controlPlane: { nodes: 3, etcdMembers: 3 } } } },
    observations: [
      { ...usual, t: 10, ...before },
      { kind: 'fault-armed', t: 20 },
      { kind: 'steady-after', t: 30 },
      { ...usual, t: 40, ...after },
      { kind: 'as-before', t: 45, waitedMs },
    ],
  } as unknown as History;
}

const looked = (before: Seen = {}, after: Seen = {}, waitedMs = 5): string => {
  const { verdict, text } = lookedRule(historyOf(before, after, waitedMs), TARGET);
  return verdict === 'pass' ? '' : text;
};
const changed = (name: string, more: object): Pod[] =>
  PODS.map((one) => (one.pod === name ? { ...one, ...more } : one));
const both = (seen: Seen): string => looked(seen, seen);

test('should believe two looks that agree', () => {
  assert.equal(looked(), '');
  assert.equal(both({ scaled: [] }), '', 'autoscalers that could not be listed');
});

test('should want both looks while nothing was hit, and the comparison after them', () => {
  assert.match(looked({ t: 25 }), /listed during the fault/);
  assert.match(looked({}, { t: 29 }), /listed during the fault/);
  assert.match(looked({}, {}, 50), /took 50 ms, but ended 5 ms after the pods were listed/);
});

test('should want every declared workload whole before, and the static pods of every node of the control plane', () => {
  assert.match(
    both({ pods: PODS.slice(0, -1), scaled: SCALED.slice(0, 1) }),
    /fewer pods of Deployment tender\/tender-api than declared/,
  );
  const without = (name: string) => both({ pods: PODS.filter((one) => !one.pod.includes(name)) });
  assert.match(without('kube-scheduler-control-3'), /2 static pods of kube-scheduler were seen before/);
  assert.match(
    without('etcd-control-2'),
    /2 static pods of etcd were seen before the fault, but 3 are declared/,
  );
  assert.equal(without('etcd-'), '', 'etcd on machines of its own');
});

test('should want each pod once, and a static one called after its node', () => {
  assert.match(both({ pods: [...PODS, ...PODS.slice(-1)] }), /one listing of the pods names .* twice/);
  assert.match(
    both({ pods: changed(ONE, { uid: `uid of ${TWO}` }) }),
    /one listing of the pods names .* twice/,
  );
  const moved = changed('kube-system/etcd-control-2', { node: 'control-3' });
  assert.match(looked({}, { pods: moved }), /etcd-control-2 is listed as a static pod of control-3/);
  assert.match(
    both({ pods: changed('tender/redis-0', { static: true }) }),
    /redis-0 is listed as a static pod of worker-1/,
  );
});

test('should want what is resized listed with all its pods, called after it', () => {
  assert.match(
    both({ scaled: SCALED.slice(1) }),
    /b84h4 belongs to a workload with an autoscaler, but is not listed as such/,
  );
  assert.match(both({ scaled: [...SCALED, ...SCALED] }), /one listing of the pods names .* twice/);
  const other = SCALED.map((one) => ({ ...one, workload: 'Deployment tender/tender-ai' }));
  assert.match(
    both({ scaled: other }),
    /is listed as a pod of Deployment tender\/tender-ai, but is not named after it/,
  );
});

test('should want the same pod where it was, as it was, and restarted no less often but where it was killed', () => {
  assert.match(
    looked({}, { pods: changed('tender/redis-0', { node: 'worker-3' }) }),
    /was on another node before the fault/,
  );
  assert.match(
    looked({}, { pods: changed('kube-system/etcd-control-2', { static: false }) }),
    /etcd-control-2 was a static pod before/,
  );
  assert.match(
    looked({}, { pods: changed(ONE, { pod: 'tender/tender-api-6f65d846fd-zzzzz' }), scaled: [] }),
    /was called/,
  );
  assert.match(
    looked({}, { pods: changed('tender/redis-0', { restarts: 1 }) }),
    /fewer restarts after the fault than before/,
  );
  const killed = changed('kube-system/etcd-control-1', { restarts: 0 });
  assert.equal(looked({}, { pods: killed }), '', 'kubelet may count again what was killed');
});

test('should know a pod that made room for another, though autoscalers were not listed afterwards', () => {
  const disturbed = (after: Seen) =>
    podFindings(historyOf({}, after), TARGET)
      .filter(({ ok }) => !ok)
      .map(({ seen }) => seen)
      .join();
  const left = PODS.filter((one) => one.pod !== ONE);
  assert.equal(disturbed({ pods: left, scaled: SCALED.slice(1) }), '');
  const replaced = [...left, pod(['tender/tender-api-6f65d846fd-zzzzz', 'worker-2'])];
  assert.match(disturbed({ pods: replaced, scaled: [] }), /b84h4 is gone/);
});
