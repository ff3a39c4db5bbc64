/** Invented loads and a seeded generator for the tests of the goals. */
import type { Buckets, LoadResult, LoadSecond } from '../../record/load-result.ts';
import type { Tally } from './clustering.ts';

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `seconds` tallies of `perSecond` requests each; `failedAt` says how many fail in a second. */
export function tallies(seconds: number, perSecond: number, failedAt: (second: number) => number): Tally[] {
  return Array.from({ length: seconds }, (_, second) => ({
    atMs: second * 1000,
    count: perSecond,
    failed: failedAt(second),
  }));
}

/** Values in ms as buckets of 0.1 %, as the engine keeps them. */
export function bucketsOf(valuesMs: Iterable<number>): Buckets {
  const counts = new Map<number, number>();
  for (const value of valuesMs) {
    const us = Math.max(1, Math.round(value * 1000));
    const unit = 2 ** Math.max(0, Math.floor(Math.log2(us)) - 10);
    const lowest = Math.floor(us / unit) * unit;
    counts.set(lowest, (counts.get(lowest) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

export interface InventedLoad {
  seconds?: number;
  perSecond?: number;
  /** Of the requests of a second, those that fail. */
  failedAt?: (second: number) => number;
  /** Latency of every request of a second, ms. */
  latencyAt?: (second: number) => number;
  /** Iterations offered a second; null: closed model. Default: as many as are made. */
  offered?: number | null;
  over?: Partial<LoadResult>;
}

export function inventedLoad(of: InventedLoad = {}): LoadResult {
  const { seconds: length = 100, perSecond = 50, failedAt = () => 0, latencyAt = () => 40 } = of;
  const offered = of.offered === undefined ? perSecond : of.offered;
  const seconds = Array.from({ length }, (_, second): LoadSecond => {
    const [bucket] = bucketsOf([latencyAt(second)]);
    return {
      atMs: second * 1000,
      offered,
      started: perSecond,
      dropped: offered === null ? 0 : Math.max(0, offered - perSecond),
      iterations: perSecond,
      requests: perSecond,
      failed: failedAt(second),
      vus: 4,
      latency: [[bucket?.[0] ?? 0, perSecond]],
    };
  });
  const sum = (pick: (second: LoadSecond) => number): number =>
    seconds.reduce((total, second) => total + pick(second), 0);
  return {
    schema: 1,
    engine: { name: 'embedded', version: '1', stubbed: false },
    script: 'steady.ts',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: length * 1000,
    scenarios: [
      {
        name: 'steady',
        executor: 'constant-arrival-rate',
        offered: offered === null ? null : offered * length,
        iterations: sum((second) => second.iterations),
        interrupted: 0,
        dropped: sum((second) => second.dropped),
      },
    ],
    requests: { count: sum((second) => second.requests), failed: sum((second) => second.failed) },
    metrics: {},
    checks: [],
    thresholds: [],
    seconds,
    errors: [],
    outcome: 'completed',
    reason: '',
    ...of.over,
  };
}
