import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../catalogue/index.ts';
import { isPinned } from './images/judge.ts';
import { exemption, matches } from '../../../reports/judge/topology/declared.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { LEASE_GOALS, leases } from '../_testing/leases.ts';

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
  'replicas',
  {
    workload: NAME,
    wanted: 2,
    ready: 2,
    updated: 2,
    observed: true,
    rolling: false,
    stuck: false,
    ...more,
  },
];
/** The wall clock of invented histories says this at their first second. */
const NOW = Date.parse('2026-01-01T00:00:01Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();
const HOUR = 3_600_000;

interface Life {
  name?: string;
  waiting?: string[];
  restarts?: number;
  endedMs?: number;
  ageMs?: number;
}
const pod = ({ name = 'api-1', waiting = [], restarts = 0, endedMs, ageMs = 2 * HOUR }: Life = {}): Seen => [
  'pod',
  {
    workload: NAME,
    namespace: 'tender',
    name,
    createdAt: ago(ageMs),
    waiting,
    containers: [
      {
        name: 'api',
        restarts,
        endedAt: endedMs === undefined ? null : ago(endedMs),
        why: endedMs === undefined ? null : 'Error',
      },
    ],
  },
];
const second = pod({ name: 'api-2' });
const owner = (kindName: string, name: string, where = 'tender', pods = 1): Seen => [
  'owner',
  { kindName, namespace: where, name, pods },
];
const goals = { maxRestarts: 3, restartWindowMinutes: 10, restartsPerHour: 0.25, restartsPerDay: 4 };
const declared = (...seen: Seen[]) => declaredWith(goals, seen);
const owners: Seen = ['owners', {}];
const ownerOfApi = (seen: Seen[]): Seen[] => {
  const pods = seen.filter(([kind]) => kind === 'pod').length;
  const there = seen.some(([kind, fields]) => kind === 'owner' && fields?.['name'] === 'api');
  return there || pods === 0 ? [] : [owner('Deployment', 'api', 'tender', pods)];
};
const declaredWith = (own: Record<string, unknown>, seen: Seen[], settings: Record<string, unknown> = {}) => {
  const all = [...seen, ...ownerOfApi(seen)];
  return looked(own, [...all, owners], settings);
};
const looked = (own: Record<string, unknown>, seen: Seen[], settings: Record<string, unknown> = {}) =>
  judge({
    check: 'topology/workloads/declared',
    goals: { ...LEASE_GOALS, ...own },
    settings: { workloads: [API], closed, ...settings },
    seen: [...seen, ...leases()],
  });
const restarted = (restarts: number, endedMs?: number, ageMs = 2 * HOUR) =>
  declared(
    namespace,
    workload(),
    pod({ restarts, ageMs, ...(endedMs !== undefined && { endedMs }) }),
    second,
  );

test('should refuse a workload scaled to 0, not ready, or absent, and a missing namespace', () => {
  assert.match(
    declared(namespace, workload({ wanted: 0, ready: 0, updated: 0 })).reason,
    /replicas of Deployment tender\/api: expected 2 to 5, seen 0/,
  );
  assert.equal(declared(namespace, workload({ ready: 1 }), pod(), second).verdict, 'fail');
  assert.equal(declared(namespace).verdict, 'fail');
  assert.match(declared(workload(), pod(), second).reason, /namespace tender.*not there/);
  const one = declared(namespace, workload({ wanted: 1, ready: 1, updated: 1 }), pod());
  assert.match(one.reason, /replicas of Deployment tender\/api: expected 2 to 5, seen 1/);
});

test('false verdict 20: a rollout under way is no failure, unless it is stuck', () => {
  const surge = [pod(), second, pod({ name: 'api-3' })];
  const rolling = workload({ ready: 3, updated: 1, rolling: true });
  const judgement = declared(namespace, rolling, ...surge);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /a rollout is in progress/);
  assert.equal(declared(namespace, workload({ ready: 3 }), ...surge).verdict, 'inconclusive');
  assert.equal(declared(namespace, workload({ observed: false }), pod(), second).verdict, 'inconclusive');
  assert.match(
    declared(namespace, workload({ ready: 2, updated: 1, rolling: true, stuck: true }), pod(), second).reason,
    /its deadline has passed/,
  );
});

test('should refuse crash loops and many recent restarts, not one restart or old ones', () => {
  const waits = pod({ waiting: ['api: CrashLoopBackOff'] });
  assert.match(declared(namespace, workload(), waits, second).reason, /CrashLoopBackOff/);
  assert.equal(restarted(4, 60_000).verdict, 'fail');
  assert.equal(restarted(1, 60_000).verdict, 'pass');
  assert.equal(restarted(4, HOUR, 1000 * HOUR).verdict, 'pass');
});

test('false verdict 12: 400 restarts are too many, also when the last was 11 minutes ago', () => {
  const judgement = restarted(400, 11 * 60_000, 72 * HOUR);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /400 restarts in 72.0 hours/);
  assert.equal(restarted(10, 11 * 60_000, 500 * HOUR).verdict, 'pass', 'one in two days');
});

test('false verdict 20: a restart that a drill caused is no trouble of the platform', () => {
  const drill = (of: string, endedMs: number) => ({
    drilled: [{ pods: [of], from: ago(endedMs + 2000), to: ago(endedMs - 20_000) }],
  });
  const seen = [namespace, workload(), pod({ restarts: 4, endedMs: 120_000, ageMs: 100 * HOUR }), second];
  assert.equal(declaredWith(goals, seen).verdict, 'fail');
  assert.equal(declaredWith(goals, seen, drill('tender/api-1', 120_000)).verdict, 'pass');
  assert.equal(declaredWith(goals, seen, drill('tender/api-1', 400_000)).verdict, 'fail', 'another time');
  const other = declaredWith(goals, seen, drill('tender/postgres-0', 120_000));
  assert.equal(other.verdict, 'inconclusive');
  assert.match(other.reason, /while a drill hit another pod/);
});

test('should refuse a workload that a drill has set restarting again and again', () => {
  const restarted = (restarts: number, more: object = {}) =>
    declaredWith(
      goals,
      [namespace, workload(), pod({ restarts, endedMs: 120_000, ageMs: 100 * HOUR }), second],
      {
        drilled: [{ pods: ['tender/api-1'], from: ago(600_000), to: ago(100_000), ...more }],
      },
    );
  const before = (count: number) => ({ restarts: { 'tender/api-1': count } });
  assert.equal(restarted(20, before(16)).verdict, 'pass');
  const many = restarted(20, before(4));
  assert.equal(many.verdict, 'fail');
  assert.match(many.reason, /16 restarts since the drill of .*, which explains at most 2/);
  assert.equal(restarted(20).verdict, 'pass', 'nobody counted before');
  assert.equal(restarted(20, { restarts: { 'tender/other': 0 } }).verdict, 'pass', 'nobody counted its own');
});

test('should refuse one recent restart by the goals of the catalogue, and decide nothing where there are none', () => {
  const [row] = catalogue().filter(({ id }) => id === 'topology/workloads/declared');
  assert.ok(row);
  const once = (endedMs: number) => [namespace, workload(), pod({ restarts: 1, endedMs }), second];
  assert.match(declaredWith(row.goals, once(60_000)).reason, /1 restarts of api, the last 60 s ago/);
  assert.equal(declaredWith(row.goals, once(601_000)).verdict, 'pass', 'it is over');
  assert.equal(declaredWith({}, once(601_000)).verdict, 'inconclusive');
});

test('should miss a pod that its controller counts, and the containers of one', () => {
  const verdict = (...seen: Seen[]) => declared(namespace, workload(), ...seen).verdict;
  assert.equal(verdict(pod(), second), 'pass');
  assert.equal(verdict(pod()), 'inconclusive');
  assert.equal(verdict(), 'inconclusive', 'none');
  assert.equal(verdict(pod(), ['pod', { ...second[1], containers: [] }]), 'inconclusive');
});

test('should leave many restarts open where nobody knows when the last was', () => {
  assert.equal(restarted(1, undefined).verdict, 'pass');
  assert.equal(restarted(10, undefined, 500 * HOUR).verdict, 'pass', 'one in two days');
  const { verdict, reason } = restarted(10, undefined, 5 * HOUR);
  assert.equal(verdict, 'inconclusive');
  assert.match(reason, /10 restarts in 5\.0 hours; it is unknown when the last was/);
});

test('should refuse anything undeclared in a closed namespace, unless it is ignored', () => {
  const quiet = [namespace, workload(), pod(), second];
  assert.match(
    declared(...quiet, owner('Pod', 'stray')).reason,
    /Pod tender\/stray: expected nothing undeclared/,
  );
  assert.equal(declared(...quiet, owner('Job', 'backup-17')).verdict, 'pass');
  assert.equal(declared(...quiet, owner('Job', 'other-17')).verdict, 'fail');
  assert.equal(declared(...quiet, owner('Deployment', 'backup-17')).verdict, 'fail', 'of another kind');
  assert.equal(declared(...quiet, owner('Deployment', 'x', 'tender', 0)).verdict, 'fail', 'scaled to none');
  assert.equal(declared(...quiet, owner('Pod', 'x', 'elsewhere')).verdict, 'pass');
});

test('should miss a workload with pods among what runs in closed namespaces, and not count one twice', () => {
  const quiet = [namespace, workload(), pod(), second];
  const api = owner('Deployment', 'api', 'tender', 2);
  const of = (...seen: Seen[]) => looked(goals, [...quiet, ...seen, owners]).verdict;
  assert.equal(of(api), 'pass');
  assert.equal(of(), 'inconclusive', 'it is missing');
  assert.equal(of(api, api), 'inconclusive', 'it is there twice');
  const open = { closed: { namespaces: [], ignore: [] } };
  assert.equal(looked(goals, [...quiet, owners], open).verdict, 'pass', 'no namespace is closed');
});

test('false verdict 20: what an embedded environment was provisioned without may run from an earlier time', () => {
  const seen = [namespace, workload(), pod(), second, owner('StatefulSet', 'redis', 'tender', 3)];
  assert.equal(declaredWith(goals, seen).verdict, 'fail');
  const leftOut = ['StatefulSet tender/redis'];
  assert.equal(declaredWith(goals, seen, { leftOut }).verdict, 'pass');
});

const IMAGE = `reg.test/api:1@sha256:${'a'.repeat(64)}`;
/** A container line of any of the three checks: each has its own fields. */
const line = (kind: string, fields: Record<string, unknown>): Seen => [
  `container-${kind}`,
  { workload: NAME, container: 'api', ...fields },
];
const probed = (more: Record<string, unknown> = {}): Seen =>
  line('probes', { ports: 1, liveness: 'exec', readiness: 'httpGet /readyz:http', ...more });
const GIVEN = { cpu: '1', memory: '1Gi' };
const given = (more: Record<string, unknown> = {}): Seen =>
  line('resources', { requests: GIVEN, limits: GIVEN, devices: null, ...more });
const imaged = (more: Record<string, unknown> = {}): Seen => line('image', { image: IMAGE, ...more });
const pull = (...troubles: string[]): Seen => [
  'pull',
  {
    workload: NAME,
    pod: 'tender/api-1',
    troubles,
    images: [{ container: 'api', pulled: troubles.length === 0 }],
  },
];
const registry = { prefixes: ['reg.test/'], pinned: 'digest' };
const containerOf = ([, fields]: Seen) => fields?.['container'];
const on = (check: string, seen: Seen[], api: Record<string, unknown> = {}) => {
  const lines = seen.filter(([kind]) => kind.startsWith('container-'));
  const init = lines.filter(([, fields]) => fields?.['container'] === 'init');
  const template: Seen = [
    'template',
    {
      workload: NAME,
      containers: lines.filter((one) => !init.includes(one)).map(containerOf),
      initContainers: init.map(containerOf),
    },
  ];
  const ports: Seen = ['service-ports', { workload: NAME, services: 0, undeclared: [] }];
  return judge({
    check: `topology/workloads/${check}`,
    settings: { workloads: [{ ...API, ...api }], registry },
    seen: lines.length === 0 ? seen : [template, ports, ...seen],
  }).verdict;
};

test('should demand both probes on containers that serve, and none on others', () => {
  assert.equal(on('probes', [probed()]), 'pass');
  assert.equal(on('probes', [probed({ readiness: null })]), 'fail');
  assert.equal(on('probes', [probed({ liveness: null })]), 'fail');
  const init = probed({ container: 'init', liveness: null, readiness: null });
  assert.equal(on('probes', [probed(), init]), 'pass');
  assert.equal(
    on('probes', [probed({ liveness: null })], {
      exempt: [{ checks: ['topology/workloads/p*'], reason: 'why' }],
    }),
    'inconclusive',
    'nothing left to judge',
  );
  assert.equal(on('probes', []), 'fail');
});

test('should demand requests and limits, and the declared GPUs of all containers together', () => {
  assert.equal(on('resources', [given()]), 'pass');
  assert.equal(on('resources', [given({ limits: { cpu: '1', memory: null } })]), 'fail');
  assert.equal(on('resources', [given({ requests: { cpu: null, memory: null } })]), 'fail');
  assert.equal(on('resources', [given({ limits: { cpu: '0', memory: '0Mi' } })]), 'fail', 'nothing given');
  const sidecar = given({ container: 'proxy', devices: 0 });
  assert.equal(on('resources', [given({ devices: 2 }), sidecar], { gpu: 2 }), 'pass');
  assert.equal(on('resources', [given({ devices: 0 })], { gpu: 2 }), 'fail');
});

const images = (seen: Seen[], api: Record<string, unknown> = {}) =>
  on('images', seen, { replicas: { min: 1, max: 5 }, ...api });

test('should demand the registry, a pin and a pull, of init containers too', () => {
  assert.equal(images([imaged(), pull()]), 'pass');
  assert.equal(images([imaged({ image: 'elsewhere.test/api:latest' }), pull()]), 'fail');
  assert.equal(images([imaged({ image: 'reg.test/api:1' }), pull()]), 'fail');
  assert.equal(images([imaged({ image: `elsewhere.test/${IMAGE}` }), pull()]), 'fail', 'a mirror of it');
  assert.equal(images([imaged(), imaged({ container: 'init', image: 'busybox' }), pull()]), 'fail');
  assert.equal(images([imaged(), pull('api: ImagePullBackOff')]), 'fail');
  assert.equal(images([imaged()]), 'fail', 'no pod shows that it can be pulled');
});

test('should demand the registry and a pin of the image that each pod was given where the template leaves it open', () => {
  const given = (image = IMAGE, pod = 'tender/api-1'): Seen => [
    'injected-image',
    { workload: NAME, container: 'api', pod, image },
  ];
  const left = imaged({ image: 'auto' });
  assert.equal(images([left, pull(), given()]), 'pass');
  assert.equal(images([left, pull(), given('elsewhere.test/api:1')]), 'fail');
  assert.equal(images([left, pull(), given('reg.test/api:1')]), 'fail', 'a tag where a digest is wanted');
  assert.equal(images([left, pull()]), 'inconclusive', 'no pod says which');
  assert.equal(images([left, pull(), given(), given()]), 'inconclusive', 'twice');
  assert.equal(images([left, pull(), given(IMAGE, 'tender/api-2')]), 'inconclusive', 'of another pod');
});

test('should demand the registry and a pin of what a pod has beside its template, unless it is exempt', () => {
  const beside = (image: string, more: Record<string, unknown> = {}): Seen => [
    'pod-image',
    { workload: NAME, container: 'istio-proxy', pod: 'tender/api-1', image, ...more },
  ];
  const seen = [imaged(), pull()];
  assert.equal(images([...seen, beside(IMAGE)]), 'pass');
  assert.equal(images([...seen, beside('docker.io/istio/proxyv2:latest')]), 'fail');
  assert.equal(images([...seen, beside('reg.test/api:1')]), 'fail', 'no digest');
  const exempt = [{ checks: ['topology/workloads/images'], containers: ['istio-proxy'], reason: 'r' }];
  assert.equal(images([...seen, beside('docker.io/istio/proxyv2:latest')], { exempt }), 'pass');
});

test('false verdict 58: a container runs the program that is declared for it', () => {
  const seen = [imaged(), pull()];
  const declaredAs = (image: unknown, more: Seen[] = seen) => images(more, { image });
  assert.equal(declaredAs('reg.test/api'), 'pass');
  assert.equal(declaredAs('api'), 'pass', 'behind a prefix of the registry');
  assert.equal(declaredAs({ api: 'api' }), 'pass');
  assert.equal(declaredAs('other'), 'fail');
  assert.equal(declaredAs('pi'), 'fail', 'the end of its name');
  assert.equal(declaredAs({ api: 'api', other: 'api' }), 'fail', 'a container that nothing has');
  assert.equal(declaredAs({ other: 'api' }), 'fail');
  const beside = (container: string): Seen => [
    'pod-image',
    { workload: NAME, container, pod: 'tender/api-1', image: IMAGE.replace('api', 'proxy') },
  ];
  assert.equal(declaredAs('api', [...seen, beside('api')]), 'fail', 'a pod with another than its template');
  assert.equal(declaredAs('api', [...seen, beside('istio-proxy')]), 'pass', 'what a webhook put in');
  assert.equal(declaredAs({ api: 'api', 'istio-proxy': 'proxy' }, [...seen, beside('istio-proxy')]), 'pass');
  assert.equal(declaredAs({ api: 'api', 'istio-proxy': 'api' }, [...seen, beside('istio-proxy')]), 'fail');
});

test('should not know what can be pulled from a pod without containers, or from fewer pods than are declared', () => {
  const bare: Seen = ['pull', { workload: NAME, pod: 'tender/api-1', troubles: [], images: [] }];
  assert.equal(images([imaged(), bare]), 'inconclusive');
  assert.equal(on('images', [imaged(), pull()]), 'inconclusive', 'one of two');
});

test('should miss a container that the template has', () => {
  const template = (more: Record<string, unknown>): Seen => [
    'template',
    { workload: NAME, containers: ['api'], initContainers: [], ...more },
  ];
  const ports: Seen = ['service-ports', { workload: NAME, services: 0, undeclared: [] }];
  const verdict = (...seen: Seen[]) =>
    judge({ check: 'topology/workloads/probes', settings: { workloads: [API] }, seen: [...seen, ports] })
      .verdict;
  assert.equal(verdict(template({}), probed()), 'pass');
  assert.equal(verdict(template({ containers: ['api', 'b'] }), probed()), 'inconclusive');
  assert.equal(verdict(template({ initContainers: ['b'] }), probed()), 'inconclusive');
  assert.equal(verdict(template({ containers: [] }), probed()), 'inconclusive', 'a pod has one');
});

test('should know a pin from a name', () => {
  assert.ok(isPinned('reg:5000/a:1.2', 'tag'));
  for (const image of ['reg:5000/a', 'a:latest', 'a']) assert.ok(!isPinned(image, 'tag'), image);
  assert.ok(!isPinned('a:1@sha256:short', 'digest'));
});

const placed = (nodes: string[]): Seen => [
  'placement',
  {
    workload: NAME,
    pods: nodes.map((node, i) => ({ name: `api-${i}`, node })),
    wanted: nodes.length,
  },
];
const budget = (expectedPods: number | null, desiredHealthy: number | null, name = 'api'): Seen => [
  'budget',
  { workload: NAME, name, expectedPods, desiredHealthy },
];
const spread = (...seen: Seen[]) => on('spread', seen);

test('should demand different nodes and a budget of one disruption but not all', () => {
  assert.equal(spread(placed(['a', 'b']), budget(2, 1)), 'pass');
  assert.equal(spread(placed(['a', 'b', 'a', 'b']), budget(4, 3)), 'pass', 'scaled up beyond its nodes');
  assert.equal(spread(placed(['a', 'a']), budget(2, 1)), 'fail');
  assert.equal(spread(placed(['a']), budget(1, 0)), 'fail');
  assert.equal(spread(placed(['a', 'b']), budget(2, 2)), 'fail', 'allows none');
  assert.equal(spread(placed(['a', 'b']), budget(2, 0)), 'fail', 'allows all');
  assert.equal(spread(placed(['a', 'b'])), 'fail', 'no budget');
  assert.equal(spread(placed(['a', 'b']), budget(null, null)), 'inconclusive', 'not computed yet');
});

test('should refuse two budgets, of which Kubernetes takes none, and not know one that counts other pods too', () => {
  assert.equal(spread(placed(['a', 'b']), budget(2, 1), budget(2, 1, 'web')), 'fail');
  assert.equal(spread(placed(['a', 'b']), budget(20, 1)), 'inconclusive');
});

test('should not demand spread of what is declared without it, or of one replica', () => {
  const none = { spread: { differentNodes: false, disruptionBudget: false } };
  assert.equal(on('spread', [placed(['a', 'a'])], none), 'inconclusive');
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
