/** A run of the whole failover suite for the tests of renderers: five stores under six faults, the backend, the control plane. */
import type { CheckResult, FailoverRecord, RunRecord } from '../../record/run-record.ts';
import { fixtureTrial, noise } from './fixture-trial.ts';
import { fixtureCheck, fixtureFailover, fixtureRecord } from './fixture.ts';

const STORES = ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'] as const;
const GOALS: Record<string, number> = {
  'pod-crash': 30,
  'pod-delete': 15,
  hang: 35,
  'node-loss': 45,
  partition: 45,
  switchover: 10,
};
const BEGIN = Date.parse('2026-11-24T17:03:00.000Z');
const TRIAL_MS = 75_000;
const LOG_LINES = 60;

/** Thirty checks of stores, then the backend and the control plane; each kind of trouble once. */
export function wholeFailoverRecord(): RunRecord {
  const faults = Object.keys(GOALS);
  const all = STORES.flatMap((store) => faults.map((fault) => ({ store, fault })));
  const checks = all.map(({ store, fault }, index) =>
    store === 'neo4j' && ['node-loss', 'partition', 'switchover'].includes(fault)
      ? notRun(store, fault)
      : storeCheck({ store, fault, index }),
  );
  const after = BEGIN + all.length * TRIAL_MS;
  return fixtureRecord([...checks, backendCheck(after), controlPlaneCheck(after + 200_000)], {
    command: 'plumbline run --env local --suite failover',
    profile: null,
    startedAt: new Date(BEGIN).toISOString(),
    endedAt: new Date(after + 330_000).toISOString(),
  });
}

interface Place {
  store: string;
  fault: string;
  index: number;
}

function storeCheck({ store, fault, index }: Place): CheckResult {
  const goal = GOALS[fault] ?? 30;
  const zeroAt = new Date(BEGIN + index * TRIAL_MS + 20_000).toISOString();
  const rtoMs = Math.round(700 + noise(index + 3) * goal * 700);
  const trouble: Partial<FailoverRecord> = TROUBLE[`${store}/${fault}`] ?? {};
  const base = fixtureTrial({
    store,
    fault,
    zeroAt,
    trial: 1,
    rtoMs: trouble.rto === null ? null : rtoMs,
    lost: trouble.lossWindowMs === undefined ? 0 : 12,
    election: store === 'neo4j' ? 'not applicable' : index === 13 ? 'in place' : 'elsewhere',
  });
  const check = fixtureFailover(fault, goal, [{ ...base, ...trouble }]);
  return { ...check, ...verdictOf(check), evidence: evidenceOf(store, zeroAt) };
}

function verdictOf({ trials }: CheckResult): Partial<CheckResult> {
  const open = trials.find(({ verdict }) => verdict === 'inconclusive');
  return open === undefined ? {} : { verdict: 'inconclusive', reason: open.reason };
}

/** What goes wrong, by check. */
const TROUBLE: Record<string, Partial<FailoverRecord>> = {
  'redis/partition': {
    lossWindowMs: 340,
    verdict: 'pass',
    reason: 'RTO 9.8 to 9.9 s, 12 of 7213 acknowledged writes lost within 340 ms',
  },
  'rabbitmq/hang': { rto: null },
  'elasticsearch/node-loss': {
    verdict: 'inconclusive',
    reason: 'the generator was 172.0 ms late at the edges of the outage (limit 100 ms)',
  },
  'neo4j/pod-crash': {
    remarks: [
      'the store has one member and cannot fail over: its restart is what was measured',
      'clustering needs Neo4j Enterprise; the environment runs Community',
    ],
  },
};

function notRun(store: string, fault: string): CheckResult {
  return fixtureCheck(`failover/${store}/${fault}`, {
    title: `${store}: ${fault}`,
    verdict: 'not-run',
    reason: 'not declared: a second member',
    steps: [],
    required: false,
    startedAt: null,
    history: null,
  });
}

function evidenceOf(store: string, zeroAt: string): CheckResult['evidence'] {
  const line = (index: number): string =>
    `${new Date(Date.parse(zeroAt) + index * 250).toISOString()} INFO: ${store} <b>member</b> ${index} of a cluster says what it does, at some length`;
  const log = Array.from({ length: LOG_LINES }, (_, index) => line(index)).join('\n');
  return [
    {
      source: `events tender: ${store}`,
      at: zeroAt,
      text: `${zeroAt} Pod/${store}-0 Killing: Stopping container ${store}`,
    },
    ...[0, 1, 2].map((member) => ({ source: `logs tender/${store}-${member}`, at: zeroAt, text: log })),
  ];
}

function backendCheck(atMs: number): CheckResult {
  const zeroAt = new Date(atMs).toISOString();
  const base = fixtureTrial({
    store: 'backend',
    fault: 'pod-crash',
    zeroAt,
    rtoMs: 1240,
    election: 'not applicable',
  });
  const trial: FailoverRecord = {
    ...base,
    verdict: 'fail',
    reason: '31 of 12000 requests failed (0.258 %) in 2 of 120 s; allowed: 0.1 %',
    leaderBefore: null,
    leaderAfter: null,
    writes: null,
    governing: [],
    expectedWindowMs: null,
    outsideExpected: 'unknown',
    phases: base.phases.filter(({ name }) => ['landed', 'first ok write', 'steady'].includes(name)),
    requests: {
      windowMs: 120_000,
      allowanceMs: 0,
      judged: 12_000,
      ok: 11_969,
      failed: 24,
      unanswered: 7,
      unsent: 0,
      seconds: 120,
      secondsWithFailures: 2,
      lastFailureMs: 1290,
      errors: [
        { error: 'status 502', count: 24 },
        { error: 'ECONNRESET', count: 7 },
      ],
    },
  };
  return fixtureCheck('failover/backend/pod-crash', {
    title: 'Backend: a pod crashes',
    goal: 'at most 0.1 % of the requests fail',
    verdict: 'fail',
    reason: trial.reason,
    stubbed: ['Kong'],
    figures: [{ name: 'failed requests', value: 0.258, unit: '%', goal: 0.1 }],
    trials: [trial],
  });
}

function controlPlaneCheck(atMs: number): CheckResult {
  const zeroAt = new Date(atMs).toISOString();
  const trial = fixtureTrial({ store: 'control-plane', fault: 'etcd-crash', zeroAt, rtoMs: 2310 });
  return fixtureCheck('failover/control-plane/etcd-crash', {
    title: 'Control plane: an etcd member crashes',
    goal: 'the API is writable again within 15 s',
    reason: 'RTO 2.2 to 2.3 s, 9 leaders and workloads undisturbed',
    figures: [{ name: 'worst RTO of API writes', value: 2.31, unit: 's', goal: 15 }],
    trials: [
      {
        ...trial,
        leaderBefore: 'control-2',
        leaderAfter: 'control-1',
        target: 'control-2',
        writes: null,
        writesPerSecond: 25,
      },
    ],
  });
}
