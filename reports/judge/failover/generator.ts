import { OUTCOMES } from '../../record/history.ts';
import type { Operations } from '../../record/history.ts';
import type { FailoverRecord, Interval } from '../../record/run-record.ts';
import { waitedMs } from './notes.ts';

/** A generator that is later than this at an edge has not sampled it as often as it should (DESIGN.md, "Outages"). */
export const MAX_LAG_MS = 5;
/** What lies this close to an edge decides where it is: ten operations at 200 a second. */
const EDGE_MS = 50;

/**
 * How late operations were started. Waiting for a free connection is not lateness of the generator (the store holds the
 * connections): the workload notes it as `waited=MS` in the detail, and it is taken off.
 */
export function generatorLag(
  writes: Operations,
  edges: readonly Interval[],
): FailoverRecord['generatorLagMs'] {
  const lags = new Float64Array(writes.count);
  let kept = 0;
  let atEdges = 0;
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] === OUTCOMES.unsent) continue;
    const intended = writes.intendedMs[i] as number;
    const lag = Math.max(0, (writes.sentMs[i] as number) - intended - waitedMs(writes, i));
    lags[kept++] = lag;
    if (lag > atEdges && isAtEdge(intended, edges)) atEdges = lag;
  }
  const sorted = lags.subarray(0, kept).sort();
  const at = (share: number): number => round(sorted[Math.min(kept - 1, Math.floor(kept * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1), atEdges: round(atEdges) };
}

function isAtEdge(time: number, edges: readonly Interval[]): boolean {
  for (const { loMs, hiMs } of edges) if (time >= loMs - EDGE_MS && time <= hiMs + EDGE_MS) return true;
  return false;
}

/** Writes that were due per second, from first to last. */
export function rateOf({ count, intendedMs }: Operations): number {
  let first = Infinity;
  let last = -Infinity;
  for (const time of intendedMs) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  return count < 2 || last <= first ? 0 : ((count - 1) * 1000) / (last - first);
}

const BIN_MS = 100;
const BEFORE_MS = 5000;
/** Five minutes: what comes later is in the history, and a report has to stay small. */
const MAX_BINS = 3000;

/** Writes per 100 ms of the time when they were due, ms from `zeroMs`: what became of what clients wanted then. */
export function stripOf(writes: Operations, zeroMs: number): FailoverRecord['strip'] {
  const from = -BEFORE_MS;
  const bins: [number, number, number][] = [];
  for (let i = 0; i < writes.count; i++) {
    const index = Math.floor(((writes.intendedMs[i] as number) - zeroMs - from) / BIN_MS);
    if (index < 0 || index >= MAX_BINS) continue;
    for (let next = bins.length; next <= index; next++) bins.push([from + next * BIN_MS, 0, 0]);
    const bin = bins[index] as [number, number, number];
    if (writes.outcome[i] === OUTCOMES.ok) bin[1]++;
    else bin[2]++;
  }
  return bins;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
