import { OUTCOMES } from '../../../../reports/record/history/history.ts';
import type { Operations } from '../../../../reports/record/history/history.ts';
import type { FailoverRecord, Interval } from '../../../../reports/record/run-record.ts';
import { waitedMs } from '../../../../reports/judge/failover/notes.ts';
import type { RawOutage } from '../../../../reports/judge/failover/outages/outages.ts';

/** A generator that is later than this has not delivered the load as stated, and widens the bounds of an outage at whose edges it was late. */
export const MAX_LAG_MS = 5;
/** A generator that is later than this at the edges of an outage has not seen them. */
export const MAX_LAG_AT_EDGES_MS = 100;
/** What lies this close to an edge decides where it is: ten operations at 200 a second. */
const EDGE_MS = 50;

/**
 * How late operations were started. Waiting for a free connection is not lateness of the generator (the store holds the
 * connections): the client load notes it as `waited=MS` in the detail, and it is taken off.
 */
export function generatorLag(
  writes: Operations,
  edges: readonly Interval[],
  outages: readonly RawOutage[] = [],
): FailoverRecord['generatorLagMs'] {
  const lags = new Float64Array(writes.count);
  const outside = new Float64Array(writes.count);
  const spans = outages.map(({ start, end }) => [start.loMs - EDGE_MS, end.hiMs + EDGE_MS] as const);
  let kept = 0;
  let keptOutside = 0;
  let atEdges = 0;
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] === OUTCOMES.unsent) continue;
    const intended = writes.intendedMs[i] as number;
    const lag = Math.max(0, (writes.sentMs[i] as number) - intended - waitedMs(writes, i));
    lags[kept++] = lag;
    if (!isWithin(intended, spans)) outside[keptOutside++] = lag;
    if (lag > atEdges && isAtEdge(intended, edges)) atEdges = lag;
  }
  const all = lags.subarray(0, kept).sort();
  const calm = outside.subarray(0, keptOutside).sort();
  return {
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    max: quantile(all, 1),
    atEdges: round(atEdges),
    outside: quantile(calm, 0.99),
  };
}

/**
 * How far a late generator may have moved both edges of an outage together, ms: while it stands still it stamps answers late, by its lateness and
 * the time to the operation that would have been due first. 0 where it was punctual.
 */
export function movedByLag(
  { atEdges }: Pick<FailoverRecord['generatorLagMs'], 'atEdges'>,
  ratePerSecond: number,
): number {
  return atEdges > MAX_LAG_MS && ratePerSecond > 0 ? 2 * (atEdges + 1000 / ratePerSecond) : 0;
}

function quantile(sorted: Float64Array, share: number): number {
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

/** The spans are sorted, by beginning and by end. */
function isWithin(time: number, spans: readonly (readonly [number, number])[]): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.[0] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time <= (spans[low - 1]?.[1] ?? -Infinity);
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
/** Five minutes. Later bins would make the report too large; the history has them. */
const MAX_BINS = 3000;

/** Writes per 100 ms by the time when they were due, ms from `zeroMs`, with their outcomes. */
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
