/** Records for tests that change one thing in them: met, not met, inconclusive, a drill. */
import { composeRun } from '../../record/compose.ts';
import { RUN_SCHEMA } from '../../record/run-record.ts';
import type { CheckResult, FailoverRecord, RunRecord } from '../../record/run-record.ts';
import { fixtureTrial, noise } from './fixture-trial.ts';
import { lostText, worstRtoText } from '../text.ts';
import { summaryOf } from '../../record/trials.ts';

/** A check that passed, of a topology suite unless `over` says otherwise. */
export function fixtureCheck(id: string, over: Partial<CheckResult> = {}): CheckResult {
  const suite = id.split('/')[0] ?? id;
  return {
    id,
    suite,
    title: id,
    section: '5.1',
    goal: 'as declared',
    goalSource: 'assumed',
    required: suite === 'topology',
    built: true,
    stubbed: [],
    verdict: 'pass',
    reason: 'everything as declared',
    expected: 'as declared in env/local.yaml',
    seen: 'as declared',
    figures: [],
    findings: [],
    findingsTotal: 0,
    evidence: [],
    trials: [],
    steps: [
      { title: 'list what is declared', durationMs: 12.4 },
      { title: 'compare with the cluster', durationMs: 218.9 },
    ],
    startedAt: '2026-11-24T17:02:31.000Z',
    durationMs: 231 + Math.round(noise(id.length) * 900),
    apiCalls: 2,
    history: `histories/${id.replaceAll('/', '.')}`,
    rerun: `npx plumbline run --env local --check ${id}`,
    ...over,
  };
}

const notBuilt = (id: string): CheckResult =>
  fixtureCheck(id, {
    title: id.split('/').slice(1).join(' '),
    verdict: 'not-run',
    reason: 'not written yet',
    required: false,
    built: false,
    expected: '',
    seen: '',
    steps: [],
    startedAt: null,
    durationMs: 0,
    apiCalls: 0,
    history: null,
  });

const LABELS: Record<string, string> = {
  postgres: 'PostgreSQL',
  redis: 'Redis',
  rabbitmq: 'RabbitMQ',
  elasticsearch: 'Elasticsearch',
  neo4j: 'Neo4j',
};

/** A failover check with the figures that the judge of trials gives. */
export function fixtureFailover(fault: string, goalSeconds: number, trials: FailoverRecord[]): CheckResult {
  const bad = trials.find((trial) => trial.verdict === 'fail');
  const store = trials[0]?.store ?? 'postgres';
  return fixtureCheck(`failover/${store}/${fault}`, {
    title: `${LABELS[store] ?? store}: ${fault} of the leader`,
    section: '5.2',
    goal: `RTO ≤ ${goalSeconds} s, 0 acknowledged writes lost`,
    verdict: bad ? 'fail' : 'pass',
    reason: bad?.reason ?? passReason(trials.length),
    expected: `RTO ≤ ${goalSeconds} s; lost acknowledged writes ≤ 0; another leader elected in at least one trial`,
    seen: `RTO ${worstRtoText(trials)}, lost writes ${lostText(trials)}`,
    figures: failoverFigures(goalSeconds, trials),
    trials,
    steps: [
      { title: 'wait for a steady store with a synchronous replica', durationMs: 812 },
      { title: 'write 200 times a second until 100 are acknowledged', durationMs: 1630 },
      { title: `inject ${fault} into the leader and prove that it landed`, durationMs: 148 },
      { title: 'wait for a steady stretch of 5 s', durationMs: 9400 },
      { title: 'heal, wait for all members, read everything back', durationMs: 21_300 },
    ],
    durationMs: 33_290 * trials.length,
    evidence: [
      {
        source: 'logs tender/postgres-1',
        text: '17:03:14,982 INFO: I am (postgres-1), a secondary, following postgres-0\n17:03:16,120 INFO: promoted self to leader',
        at: '2026-11-24T17:03:16.120Z',
      },
    ],
  });
}

function passReason(trials: number): string {
  return trials === 1
    ? 'met its goals in the one trial that counts; how often writes are lost takes more trials to say'
    : `${trials} of ${trials} trials met their goals`;
}

function failoverFigures(goalSeconds: number, trials: readonly FailoverRecord[]): CheckResult['figures'] {
  const rtos = trials.map((trial) => (trial.rto?.hiMs ?? Infinity) / 1000).sort((a, b) => a - b);
  const slowest = rtos.at(-1) ?? 0;
  const many = trials.length > 1;
  const { lost } = summaryOf(trials);
  const bound = many
    ? Math.ceil((1 - 0.05 ** (1 / trials.length)) * 1000) / 10
    : 'not claimed: that takes at least two trials';
  return [
    {
      name: 'worst RTO',
      value: slowest === Infinity ? 'never steady again' : slowest,
      unit: 's',
      goal: goalSeconds,
    },
    ...(many ? [{ name: 'median RTO', value: rtos[Math.floor(rtos.length / 2)] ?? 0, unit: 's' }] : []),
    { name: 'lost acknowledged writes', value: lost, unit: 'writes', goal: 0 },
    { name: 'share of trials that lose writes, upper 95 % bound', value: bound, unit: '%' },
    { name: 'trials counted', value: trials.length, goal: '≥ 1' },
  ];
}

/** Everything else of a record, judged from its checks. */
export function fixtureRecord(checks: CheckResult[], over: Partial<RunRecord> = {}): RunRecord {
  const restored = over.restored ?? { actions: 4, failed: [], steadyAgain: true };
  const composed = composeRun(checks, {
    environment: 'local',
    scope: over.scope ?? 'profile',
    readOnly: over.readOnly,
    interrupted: over.interrupted ?? null,
    restored,
  });
  return {
    schema: RUN_SCHEMA,
    id: '20261124T170214Z-local-7f3a',
    command: 'plumbline run --env local --profile spine',
    environment: {
      name: 'local',
      kind: 'local',
      size: 'full',
      clusterUid: '5b1d6f0e-3a0c-4a53-9c62-0a6d7f1f0c55',
      clusterVersion: 'v1.37.2',
      nodes: 7,
      file: 'env/local.yaml',
    },
    harness: { version: '0.1.0', commit: '1fbebda0c9e4b7d2a8f3e6154c0b9d7a2e8f1c36', node: 'v24.21.0' },
    profile: 'spine',
    scope: 'profile',
    startedAt: '2026-11-24T17:02:14.000Z',
    endedAt: '2026-11-24T17:06:41.000Z',
    interrupted: null,
    ...composed,
    checks,
    digests: [],
    assumedGoals: checks.filter((check) => check.goalSource === 'assumed').length,
    notes: [],
    apiCalls: {
      total: 63,
      byKind: {
        'list v1/Pod': 1,
        'watch v1/Pod': 2,
        'list apps/v1/StatefulSet': 1,
        'exec v1/Pod': 24,
        'apply v1/Pod': 12,
      },
    },
    restored,
    ...over,
  };
}

const TOPOLOGY = [
  ['topology/cluster/control-plane', 'Control plane and etcd'],
  ['topology/nodes/pools', 'Node pools'],
  ['topology/workloads/roles', 'Roles of the members of a store'],
  ['topology/workloads/images', 'Images from the declared registry'],
  ['topology/edge/path', 'The way of a request through the edge'],
] as const;
const NOT_BUILT = ['topology/mesh/istio', 'security/rbac'];

/** The usual checks of the local environment; `change` replaces some by their id. */
function usual(change: Record<string, Partial<CheckResult>> = {}, failover?: CheckResult[]): CheckResult[] {
  const topology = TOPOLOGY.map(([id, title]) =>
    fixtureCheck(id, {
      title,
      stubbed: id === 'topology/edge/path' ? ['Kong'] : [],
      ...change[id],
    }),
  );
  const drills = failover ?? [
    fixtureFailover('pod-crash', 30, [fixtureTrial()]),
    fixtureFailover('pod-delete', 15, [fixtureTrial({ fault: 'pod-delete', rtoMs: 2874 })]),
  ];
  return [...topology, ...drills, ...NOT_BUILT.map(notBuilt)];
}

export function metRecord(): RunRecord {
  return fixtureRecord(usual());
}

export function notMetRecord(): RunRecord {
  const checks = usual(
    {
      'topology/nodes/pools': {
        verdict: 'fail',
        reason: 'pool gpu: 0 of 1 nodes Ready',
        seen: '6 of 7 nodes as declared',
        findings: [
          {
            subject: 'Node gpu-1',
            ok: false,
            expected: 'Ready',
            seen: 'Ready=Unknown since 17:01:12 (NodeStatusUnknown: Kubelet stopped posting node status.)',
          },
          {
            subject: 'Node gpu-1',
            ok: false,
            expected: 'taint nvidia.com/gpu=present:NoSchedule',
            seen: 'no such taint',
          },
        ],
        findingsTotal: 2,
        evidence: [
          {
            source: 'event Node/gpu-1',
            text: 'NodeNotReady: Node gpu-1 status is now: NodeNotReady',
            at: '2026-11-24T17:01:52.000Z',
          },
        ],
      },
      'topology/workloads/images': {
        verdict: 'inconclusive',
        reason: 'the server does not allow listing v1/Pod in namespace edge',
        seen: 'no data for namespace edge',
      },
    },
    [
      fixtureFailover('pod-crash', 30, [fixtureTrial({ lost: 37, rtoMs: 6120 })]),
      fixtureFailover('pod-delete', 15, [fixtureTrial({ fault: 'pod-delete', rtoMs: null })]),
    ],
  );
  return fixtureRecord(checks, { restored: { actions: 6, failed: [], steadyAgain: false } });
}

export function inconclusiveRecord(): RunRecord {
  const missing = {
    verdict: 'not-run',
    reason: 'size small',
    durationMs: 0,
    steps: [],
    startedAt: null,
  } satisfies Partial<CheckResult>;
  const inPlace = fixtureFailover('pod-crash', 30, [fixtureTrial({ election: 'in place', rtoMs: 1930 })]);
  const reason = 'no trial elected another leader (1 of 1 recovered in place): failover was not seen';
  const checks = usual({ 'topology/cluster/control-plane': { ...missing, required: true } }, [
    { ...inPlace, verdict: 'inconclusive', reason },
  ]);
  return fixtureRecord(checks);
}

/** A drill of 100 trials, some recovered in place, outages from 2 to 9 s. */
export function drillRecord(trials = 100): RunRecord {
  const records = Array.from({ length: trials }, (_, index) =>
    fixtureTrial({
      trial: index + 1,
      zeroAt: new Date(Date.parse('2026-11-24T17:03:15.332Z') + index * 61_000).toISOString(),
      rtoMs: Math.round(2000 + 7000 * noise(index + 1) ** 2),
      election: noise(index + 500) < 0.18 ? 'in place' : 'elsewhere',
    }),
  );
  return fixtureRecord([fixtureFailover('pod-crash', 30, records)], {
    command: `plumbline drill failover/postgres/pod-crash --env local --repeat ${trials}`,
    profile: null,
  });
}
