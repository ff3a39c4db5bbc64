/** A run with loads: an autoscaler that follows one, goals that are met, missed and open, an error budget that is overspent. */
import type { GoalEntry, LoadDetail, ScalingDetail } from '../../record/details/load-detail.ts';
import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import { fixtureCheck, fixtureRecord } from './fixture.ts';
import { noise } from './fixture-trial.ts';

const SECONDS = 180;
const RATIO = 10 ** (1 / 8);

/** Latencies of a second: a crowd around the middle, and a tail. */
function cellsOf(second: number): LoadDetail['heat']['cells'] {
  const slow = second < 45 ? 8 : 0;
  return [-2, -1, 0, 1, 2, 6].map((offset) => [
    second,
    Math.min(39, 12 + slow + offset),
    Math.max(1, Math.round((80 / (1 + offset * offset)) * (0.6 + noise(second * 7 + offset + 3)))),
  ]);
}

export function fixtureLoad(over: Partial<LoadDetail> = {}): LoadDetail {
  const seconds = Array.from({ length: SECONDS }, (_, second) => second);
  const rate = (second: number): number => Math.min(120, 20 + second * 2);
  return {
    engine: 'embedded 0.1.0',
    script: 'load/scenarios/ramp.ts',
    startedAt: '2026-11-24T17:12:00.000Z',
    outcome: 'completed',
    fromMs: 0,
    stepMs: 1000,
    offered: seconds.map(rate),
    started: seconds.map((second) => rate(second) - Number(noise(second) > 0.9)),
    requestsPerSecond: seconds.map(rate),
    errorsPerSecond: seconds.map((second) => (second > 40 && second < 44 ? 3 : 0)),
    p50Ms: seconds.map((second) => (second < 45 ? 240 : 34) + Math.round(noise(second) * 12)),
    p99Ms: seconds.map((second) => (second < 45 ? 1800 : 160) + Math.round(noise(second + 9) * 90)),
    requests: 17_190,
    failed: 9,
    dropped: 14,
    heat: { lowestMs: 1, ratio: RATIO, rows: 40, cells: seconds.flatMap(cellsOf) },
    ...over,
  };
}

function fixtureScaling(over: Partial<ScalingDetail> = {}): ScalingDetail {
  const load = fixtureLoad();
  const before = 20;
  const after = 120;
  const at = <T>(values: readonly T[], outside: T): T[] => [
    ...Array.from({ length: before }, () => outside),
    ...values,
    ...Array.from({ length: after }, () => outside),
  ];
  const length = before + SECONDS + after;
  const pods = (index: number, lag: number): number | null =>
    index < 3 ? null : index < before + 30 + lag ? 2 : index < before + SECONDS + 70 + lag ? 4 : 2;
  const indices = Array.from({ length }, (_, index) => index);
  return {
    target: 'backend',
    fromMs: -before * 1000,
    stepMs: 1000,
    offered: at(load.offered, 0),
    errorsPerSecond: at(load.errorsPerSecond, 0),
    p50Ms: at(load.p50Ms, null),
    p99Ms: at(load.p99Ms, null),
    desired: indices.map((index) => pods(index, 0)),
    ready: indices.map((index) => pods(index, 12)),
    min: 2,
    max: 5,
    marks: [
      { name: 'metric crossed', atMs: 21_000, expected: { loMs: 0, hiMs: 46_000 }, outside: 'no' },
      { name: 'more pods desired', atMs: 52_400, expected: { loMs: 0, hiMs: 46_000 }, outside: 'slower' },
      { name: 'pods ready', atMs: 64_000, expected: null, outside: 'unknown' },
      { name: 'latency goal met again', atMs: null, expected: null, outside: 'unknown' },
    ],
    derivation:
      'metrics-server resolution 15 s (twice), sync 15 s, tolerance 0.1, stabilisation 0 s up and 60 s down',
    windows: [{ name: 'pod-crash of tender-api', fromMs: 90_000, toMs: 96_000 }],
    ...over,
  };
}

export function fixtureGoal(over: Partial<GoalEntry> = {}): GoalEntry {
  return {
    objective: 'API availability',
    target: '99.9 % of requests',
    verdict: 'pass',
    achieved: 99.95,
    lower: 99.91,
    upper: 99.98,
    unit: '%',
    samples: 17_190,
    sampleKind: 'requests',
    coverage: null,
    remaining: { best: 0.5, worst: 0.5 },
    window: 'the load',
    note: '',
    ...over,
  };
}

function goalCheck(id: string, goals: GoalEntry[], over: Partial<CheckResult> = {}): CheckResult {
  const [first] = goals;
  return fixtureCheck(id, {
    title: id,
    section: '2',
    required: false,
    verdict: first?.verdict ?? 'inconclusive',
    reason: first?.note === '' ? 'met' : (first?.note ?? ''),
    goals,
    ...over,
  });
}

/** Checks of loads and goals with every verdict. */
export function loadRecord(): RunRecord {
  const overspent = fixtureGoal({
    objective: 'API requests',
    verdict: 'fail',
    achieved: 99.72,
    lower: 99.72,
    upper: 99.75,
    samples: 1_204_118,
    sampleKind: 'events',
    coverage: 0.9994,
    remaining: { best: -1.5, worst: -1.8 },
    window: '30 d',
    note: 'at least 2.5 times the budget spent',
  });
  const gap = fixtureGoal({
    objective: 'API latency, p95 ≤ 500 ms',
    verdict: 'inconclusive',
    coverage: 0.83,
    remaining: { best: 0.9, worst: -0.2 },
    note: 'no data from 2026-11-01 03:10:00 to 2026-11-06 07:12:00',
  });
  const latency = fixtureGoal({
    objective: 'API latency',
    target: 'p95 ≤ 500 ms',
    achieved: 312.4,
    lower: 301,
    upper: 322.7,
    unit: 'ms',
    remaining: { best: 0.8, worst: 0.8 },
  });
  const throughput = fixtureGoal({
    objective: 'API throughput',
    target: '≥ 25 a second',
    verdict: 'inconclusive',
    achieved: null,
    lower: null,
    upper: null,
    unit: '/s',
    samples: 0,
    remaining: null,
    note: 'the load was not delivered',
  });
  return fixtureRecord([
    fixtureCheck('scaling/backend/up', {
      title: 'The backend grows under load',
      section: '5.2',
      verdict: 'fail',
      reason: 'p95 was above 500 ms for 150 s, the goal is 120 s',
      load: fixtureLoad(),
      scaling: fixtureScaling(),
    }),
    goalCheck('performance/api/latency', [latency], {
      load: fixtureLoad({ offered: Array.from({ length: SECONDS }, () => null) }),
    }),
    goalCheck('performance/api/availability', [fixtureGoal()], { load: fixtureLoad() }),
    goalCheck('performance/api/throughput', [throughput]),
    goalCheck('performance/budget', [overspent, gap]),
  ]);
}
