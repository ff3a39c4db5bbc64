import type { Figure } from '../../../reports/record/judgement.ts';
import type { Delays } from '../../../reports/record/details/telemetry-detail.ts';
import { percentAtMost } from '../../../reports/judge/slo/percent.ts';
import { zeroLossBound } from '../../../reports/judge/statistics.ts';

/** Upper ends of a histogram's bins, ms: a log store refreshes once a second, and the goal is 30 s. */
const EDGES_MS = [250, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 30_000, 60_000];

/** @param values ms; what is negative by a difference of clocks counts as at once */
export function delaysOf(name: string, values: readonly number[]): Delays {
  const sorted = values.map((value) => Math.max(0, Math.round(value))).sort((a, b) => a - b);
  const counts = Array.from({ length: EDGES_MS.length + 1 }, () => 0);
  for (const value of sorted) {
    const bin = EDGES_MS.findIndex((edge) => value <= edge);
    const at = bin === -1 ? EDGES_MS.length : bin;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const quantile = (share: number): number | null =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return {
    name,
    samples: sorted.length,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: sorted.at(-1) ?? null,
    edgesMs: EDGES_MS,
    counts,
  };
}

export function delayFigures({ name, p50Ms, p99Ms, maxMs }: Delays, visibleMs: number): Figure[] {
  return [
    { name: `${name}: delay, p50`, value: p50Ms, unit: 'ms' },
    { name: `${name}: delay, p99`, value: p99Ms, unit: 'ms' },
    { name: `${name}: longest delay`, value: maxMs, unit: 'ms', goal: `≤ ${visibleMs}` },
  ];
}

/** Of how many none was lost, what share may still be lost: one-sided 95 %. */
export function lossBoundFigure(what: string, samples: number, lost: number): Figure[] {
  if (lost > 0 || samples === 0) return [];
  const bound = zeroLossBound(samples);
  // Two significant digits.
  const digits = Math.max(0, -1 - Math.floor(Math.log10(bound)));
  return [
    {
      name: `share of ${what} that may be lost although none was, upper 95 % bound`,
      value: percentAtMost(bound, digits),
      unit: '%',
    },
  ];
}
