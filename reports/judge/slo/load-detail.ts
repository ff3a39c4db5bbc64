import type { Buckets } from '../../record/details/buckets.ts';
import type { Heat, LoadDetail } from '../../record/details/load-detail.ts';
import { merged, quantileMs } from './histogram.ts';
import type { Load, LoadSecond } from './load.ts';

const SECOND_MS = 1000;
/** Steps of a chart: a screen cannot show more. */
const MOST_STEPS = 240;
/** Rows of the heatmap: eight per decade, from 1 ms to 100 s. */
const HEAT = { lowestMs: 1, ratio: 10 ** (1 / 8), rows: 40 };

/** The seconds that fall into one step. */
export interface Step {
  offered: number | null;
  started: number;
  requests: number;
  failed: number;
  latency: Buckets;
  seconds: number;
}

/** Step length, ms, in whole seconds, that divides `lengthMs` into at most 240 steps. */
export function stepFor(lengthMs: number): number {
  return Math.max(1, Math.ceil(lengthMs / SECOND_MS / MOST_STEPS)) * SECOND_MS;
}

/** @param placed seconds with the time, ms, at which each began on the axis of the steps */
export function stepsOf(
  placed: readonly { atMs: number; second: LoadSecond }[],
  axis: { fromMs: number; stepMs: number; count: number },
): Step[] {
  const grouped = Array.from({ length: axis.count }, (): LoadSecond[] => []);
  for (const { atMs, second } of placed)
    grouped[Math.floor((atMs - axis.fromMs) / axis.stepMs)]?.push(second);
  return grouped.map((seconds) => {
    const sum = (of: (second: LoadSecond) => number): number =>
      seconds.reduce((total, second) => total + of(second), 0);
    const open = seconds.filter(({ offered }) => offered !== null);
    return {
      offered: open.length === 0 ? null : sum(({ offered }) => offered ?? 0),
      started: sum(({ started }) => started),
      requests: sum(({ requests }) => requests),
      failed: sum(({ bad }) => bad),
      latency: merged(seconds.map(({ latency }) => latency)),
      seconds: seconds.length,
    };
  });
}

/** A step's count as a rate per second, rounded to what a chart can show. */
export function rateOf(count: number, stepMs: number): number {
  return rounded((count * SECOND_MS) / stepMs);
}

export function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value);
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Scenarios that have their script here; others are an environment's (`load.scenarios`). */
const OURS: ReadonlySet<string> = new Set(['steady', 'draft', 'ramp', 'jobs']);

/** What the record keeps of a load. */
export function loadDetailOf(result: Load): LoadDetail {
  const { seconds, durationMs } = result;
  const lengthMs = Math.max(durationMs, (seconds.at(-1)?.atMs ?? 0) + SECOND_MS);
  const stepMs = stepFor(lengthMs);
  const steps = stepsOf(
    seconds.map((second) => ({ atMs: second.atMs, second })),
    { fromMs: 0, stepMs, count: Math.max(1, Math.ceil(lengthMs / stepMs)) },
  );
  return {
    engine: `${result.engine} ${result.engineVersion}${result.stubbed ? ' (stubbed)' : ''}`,
    script: OURS.has(result.scenario) ? `load/scenarios/${result.scenario}.ts` : result.scenario,
    startedAt: result.startedAt,
    outcome: result.outcome,
    latencyFrom: result.latencyFrom,
    fromMs: 0,
    stepMs,
    offered: steps.map(({ offered }) => (offered === null ? null : rateOf(offered, stepMs))),
    started: steps.map(({ started }) => rateOf(started, stepMs)),
    requestsPerSecond: steps.map(({ requests }) => rateOf(requests, stepMs)),
    errorsPerSecond: steps.map(({ failed }) => rateOf(failed, stepMs)),
    p50Ms: steps.map(({ latency }) => roundedOrNull(quantileMs(latency, 0.5))),
    p99Ms: steps.map(({ latency }) => roundedOrNull(quantileMs(latency, 0.99))),
    requests: result.requests.count,
    failed: result.requests.failed,
    dropped: result.dropped,
    heat: heatOf(steps.map(({ latency }) => latency)),
  };
}

function heatOf(steps: readonly Buckets[]): Heat {
  const cells: Heat['cells'] = [];
  steps.forEach((latency, step) => {
    const rows = new Map<number, number>();
    for (const [us, count] of latency) {
      const place = Math.floor(Math.log(us / SECOND_MS / HEAT.lowestMs) / Math.log(HEAT.ratio) + 1e-9);
      // Latencies outside the rows count in the first or the last row.
      const row = Math.min(HEAT.rows - 1, Math.max(0, place));
      rows.set(row, (rows.get(row) ?? 0) + count);
    }
    for (const [row, count] of [...rows].sort(([a], [b]) => a - b)) cells.push([step, row, count]);
  });
  return { ...HEAT, cells };
}
