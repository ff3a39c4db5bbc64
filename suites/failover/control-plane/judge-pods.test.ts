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

/** An autoscaler had added one. */
const THREE = 'tender/tender-api-6f65d846fd-tq9wz';
const MORE = [...PODS, pod([THREE, 'worker-2'])];
const SCALED_MORE = [...SCALED, { pod: THREE, workload: API }];

interface Seen {
  pods?: Pod[];
  scaled?: typeof SCALED;
  t?: number;
}

function historyOf(before: Seen, after: Seen): History {
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
      { kind: 'as-before', t: 45 },
    ],
  } as unknown as History;
}

const looked = (before: Seen = {}, after: Seen = {}): string => {
  const { verdict, text } = lookedRule(historyOf(before, after), TARGET);
  return verdict === 'pass' ? '' : text;
};
const both = (seen: Seen): string => looked(seen, seen);

test('should believe two looks that agree', () => {
  assert.equal(looked(), '');
  assert.equal(both({ scaled: [] }), '', 'autoscalers that could not be listed');
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

test('should know a pod that made room for another, though autoscalers were not listed afterwards', () => {
  const disturbed = (after: Seen) =>
    podFindings(historyOf({ pods: MORE, scaled: SCALED_MORE }, after), TARGET)
      .filter(({ ok }) => !ok)
      .map(({ seen }) => seen)
      .join();
  const left = MORE.filter((one) => one.pod !== ONE);
  assert.equal(disturbed({ pods: left, scaled: SCALED_MORE.slice(1) }), '');
  assert.match(
    disturbed({ pods: left.filter((one) => one.pod !== TWO) }),
    /b84h4 is gone/,
    'fewer than it must have',
  );
  const replaced = [...left, pod(['tender/tender-api-6f65d846fd-zzzzz', 'worker-2'])];
  assert.match(disturbed({ pods: replaced, scaled: [] }), /b84h4 is gone/);
});
