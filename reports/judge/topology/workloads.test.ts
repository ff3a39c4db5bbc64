import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../../env/catalogue/index.ts';
import { isPinned } from './containers.ts';
import { exemption, matches } from './declared.ts';
import { judge } from './testing.ts';
import type { Seen } from './testing.ts';

const API = {
  kind: 'Deployment',
  namespace: 'tender',
  name: 'api',
  replicas: { min: 2, max: 5 },
  serves: true,
};
const NAME = 'Deployment tender/api';
const closed = { namespaces: ['tender'], ignore: [{ kind: 'Job', name: 'backup-*', reason: 'nightly' }] };
const namespace: Seen = ['namespace', { name: 'tender' }];
const workload = (more: Record<string, unknown> = {}): Seen => [
  'workload',
  { workload: NAME, wanted: 2, ready: 2, updated: 2, observed: true, ...more },
];
const pod = (more: Record<string, unknown> = {}): Seen => [
  'pod',
  { namespace: 'tender', name: 'api-1', waiting: [], restarts: 0, ...more },
];
const owner = (kindName: string, name: string, where = 'tender'): Seen => [
  'owner',
  { kindName, namespace: where, name, pods: '1' },
];
const goals = { maxRestarts: 3, restartWindowMinutes: 10 };
const declared = (...seen: Seen[]) => declaredWith(goals, seen);
const declaredWith = (own: Record<string, unknown>, seen: Seen[]) =>
  judge({ check: 'topology/workloads/declared', goals: own, settings: { workloads: [API], closed }, seen });

test('should accept what is declared, complete and quiet', () => {
  assert.equal(declared(namespace, workload(), pod(), owner('Deployment', 'api')).verdict, 'pass');
  assert.equal(
    declared(namespace, workload({ wanted: 5, ready: 5, updated: 5 }), pod()).verdict,
    'pass',
    'scaled up within its range',
  );
});

test('should refuse a workload scaled to 0, not ready, not up to date, or absent, and a missing namespace', () => {
  assert.match(
    declared(namespace, workload({ wanted: 0, ready: 0, updated: 0 })).reason,
    /replicas of Deployment tender\/api: expected 2 to 5, seen 0/,
  );
  assert.equal(declared(namespace, workload({ ready: 1 })).verdict, 'fail');
  assert.equal(declared(namespace, workload({ updated: 1 })).verdict, 'fail');
  assert.equal(declared(namespace, workload({ observed: false })).verdict, 'fail');
  assert.equal(declared(namespace).verdict, 'fail');
  assert.match(declared(workload()).reason, /namespace tender.*not there/);
});

test('should refuse crash loops and many recent restarts, not one restart or old ones', () => {
  assert.match(
    declared(namespace, workload(), pod({ waiting: ['api: CrashLoopBackOff'] })).reason,
    /CrashLoopBackOff/,
  );
  assert.equal(
    declared(namespace, workload(), pod({ restarts: 4, lastRestartAgoMs: 60_000 })).verdict,
    'fail',
  );
  assert.equal(
    declared(namespace, workload(), pod({ restarts: 1, lastRestartAgoMs: 60_000 })).verdict,
    'pass',
  );
  assert.equal(
    declared(namespace, workload(), pod({ restarts: 40, lastRestartAgoMs: 3_600_000 })).verdict,
    'pass',
  );
});

test('should refuse one recent restart by the goals of the catalogue, and where there are none', () => {
  const [row] = catalogue().filter(({ id }) => id === 'topology/workloads/declared');
  assert.ok(row);
  const restarted = (ago: number) => [namespace, workload(), pod({ restarts: 1, lastRestartAgoMs: ago })];
  for (const own of [row.goals, {}]) {
    assert.match(declaredWith(own, restarted(60_000)).reason, /1 restarts, the last 60 s ago/);
    assert.equal(declaredWith(own, restarted(601_000)).verdict, 'pass', 'it is over');
    assert.equal(declaredWith(own, [namespace, workload(), pod()]).verdict, 'pass');
  }
});

test('should refuse anything undeclared in a closed namespace, unless it is ignored', () => {
  assert.match(
    declared(namespace, workload(), owner('Pod', 'stray')).reason,
    /Pod tender\/stray: expected nothing undeclared/,
  );
  assert.equal(declared(namespace, workload(), owner('Job', 'backup-17')).verdict, 'pass');
  assert.equal(declared(namespace, workload(), owner('Job', 'other-17')).verdict, 'fail');
  assert.equal(declared(namespace, workload(), owner('Pod', 'x', 'elsewhere')).verdict, 'pass');
});

const container = (more: Record<string, unknown> = {}): Seen => [
  'container',
  {
    workload: NAME,
    container: 'api',
    init: false,
    image: `reg.test/api:1@sha256:${'a'.repeat(64)}`,
    liveness: 'httpGet /healthz:http',
    readiness: 'httpGet /readyz:http',
    requests: { cpu: '1', memory: '1Gi' },
    limits: { cpu: '1', memory: '1Gi' },
    ...more,
  },
];
const registry = { prefixes: ['reg.test/'], pinned: 'digest' };
const on = (check: string, seen: Seen[], api: Record<string, unknown> = {}) =>
  judge({
    check: `topology/workloads/${check}`,
    settings: { workloads: [{ ...API, ...api }], registry },
    seen,
  }).verdict;

test('should demand both probes on containers that serve, and none on others', () => {
  assert.equal(on('probes', [container()]), 'pass');
  assert.equal(on('probes', [container({ readiness: '' })]), 'fail');
  assert.equal(on('probes', [container({ liveness: '' })]), 'fail');
  assert.equal(on('probes', [container(), container({ init: true, liveness: '', readiness: '' })]), 'pass');
  assert.equal(
    on('probes', [container({ liveness: '' })], {
      exempt: [{ checks: ['topology/workloads/p*'], reason: 'why' }],
    }),
    'inconclusive',
    'nothing left to judge',
  );
  assert.equal(on('probes', []), 'fail');
});

test('should demand requests and limits, and the declared GPUs', () => {
  assert.equal(on('resources', [container()]), 'pass');
  assert.equal(on('resources', [container({ limits: { cpu: '1' } })]), 'fail');
  assert.equal(on('resources', [container({ requests: {} })]), 'fail');
  const gpu = container({ limits: { cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '2' } });
  assert.equal(on('resources', [gpu], { gpu: 2 }), 'pass');
  assert.equal(on('resources', [container()], { gpu: 2 }), 'fail');
});

test('should demand the registry, a pin and a pull, of init containers too', () => {
  assert.equal(on('images', [container(), ['pull', { pod: 'tender/api-1', troubles: [] }]]), 'pass');
  assert.equal(on('images', [container({ image: 'elsewhere.test/api:latest' })]), 'fail');
  assert.equal(on('images', [container({ image: 'reg.test/api:1' })]), 'fail');
  assert.equal(on('images', [container(), container({ init: true, image: 'busybox' })]), 'fail');
  assert.equal(
    on('images', [container(), ['pull', { pod: 'tender/api-1', troubles: ['api: ImagePullBackOff'] }]]),
    'fail',
  );
});

test('should know a pin from a name', () => {
  assert.ok(isPinned('reg:5000/a:1.2', 'tag'));
  for (const image of ['reg:5000/a', 'a:latest', 'a']) assert.ok(!isPinned(image, 'tag'), image);
  assert.ok(!isPinned('a:1@sha256:short', 'digest'));
});

const placed = (...nodes: string[]): Seen => [
  'placement',
  { workload: NAME, pods: nodes.map((node, i) => ({ name: `api-${i}`, node })) },
];
const budget = (expectedPods: number, desiredHealthy: number): Seen => [
  'budget',
  { workload: NAME, name: 'api', expectedPods, desiredHealthy },
];
const spread = (...seen: Seen[]) => on('spread', seen);

test('should demand different nodes and a budget of one disruption but not all', () => {
  assert.equal(spread(placed('a', 'b'), budget(2, 1)), 'pass');
  assert.equal(spread(placed('a', 'b', 'a', 'b'), budget(4, 3)), 'pass', 'scaled up beyond its nodes');
  assert.equal(spread(placed('a', 'a'), budget(2, 1)), 'fail');
  assert.equal(spread(placed('a'), budget(1, 0)), 'fail');
  assert.equal(spread(placed('a', 'b'), budget(2, 2)), 'fail', 'allows none');
  assert.equal(spread(placed('a', 'b'), budget(2, 0)), 'fail', 'allows all');
  assert.equal(spread(placed('a', 'b')), 'fail', 'no budget');
  assert.equal(
    spread(placed('a', 'b'), ['budget', { workload: NAME, name: 'api' }]),
    'inconclusive',
    'not computed yet',
  );
});

test('should not demand spread of what is declared without it, or of one replica', () => {
  assert.equal(
    on('spread', [], { spread: { differentNodes: false, disruptionBudget: false } }),
    'inconclusive',
  );
  assert.equal(on('spread', [], { replicas: { min: 1, max: 1 } }), 'inconclusive');
});

test('should let containers off by check and by name', () => {
  const off = {
    ...API,
    exempt: [{ checks: ['topology/workloads/*'], containers: ['sidecar'], reason: 'third party' }],
  };
  assert.equal(exemption(off, 'topology/workloads/probes', 'sidecar'), 'third party');
  assert.equal(exemption(off, 'topology/workloads/probes', 'api'), null);
  assert.equal(exemption(off, 'topology/edge/path', 'sidecar'), null);
  assert.ok(matches('a.b*', 'a.bc') && !matches('a.b*', 'axbc'));
});
