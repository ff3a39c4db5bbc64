/** Invented loads and a seeded generator for the tests of the goals. */
import type { Buckets } from '../../../record/details/buckets.ts';
import type { Fields } from '../../../record/observations/index.ts';
import type { Tally } from '../clustering.ts';
import { merged } from '../histogram.ts';
import { sumOf } from '../../count.ts';
import { loadOf } from '../load.ts';
import type { Load, LoadSecond } from '../load.ts';

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
  /** How many requests of a second fail their check. */
  failedAt?: (second: number) => number;
  /** Latency of every request of a second, ms. */
  latencyAt?: (second: number) => number;
  /** Iterations offered a second; null: closed model. Default: as many as are made. */
  offered?: number | null;
  /** Overrides fields of a second. */
  change?: (second: LoadSecond) => Partial<LoadSecond>;
  /** Overrides fields of the load's summary. */
  over?: Partial<Fields<'load'>>;
}

type Line = [kind: string, fields: Record<string, unknown> & { t: number }];
/** A load takes this long to start and to end, ms. */
const START_MS = 100;

function secondsOf(of: InventedLoad): LoadSecond[] {
  const { seconds = 100, perSecond = 50, failedAt = () => 0, latencyAt = () => 40 } = of;
  const offered = of.offered === undefined ? perSecond : of.offered;
  return Array.from({ length: seconds }, (_, index) => {
    const bad = failedAt(index);
    const [bucket] = bucketsOf([latencyAt(index)]);
    const second: LoadSecond = {
      atMs: index * 1000,
      offered,
      started: perSecond,
      requests: perSecond,
      dropped: offered === null ? 0 : Math.max(0, offered - perSecond),
      good: perSecond - bad,
      bad,
      latency: [[bucket?.[0] ?? 0, perSecond]],
    };
    return { ...second, ...of.change?.(second) };
  });
}

function endOf(seconds: readonly LoadSecond[], over: InventedLoad['over']): Fields<'load'> {
  const sum = (pick: (second: LoadSecond) => number): number => sumOf(seconds, pick);
  return {
    engine: 'embedded',
    engineVersion: '1',
    stubbed: false,
    latencyFrom: 'intended',
    scenario: 'steady',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: seconds.length * 1000,
    offered: seconds.every(({ offered }) => offered === null) ? null : sum(({ offered }) => offered ?? 0),
    iterations: sum(({ started }) => started),
    interrupted: 0,
    dropped: sum(({ dropped }) => dropped),
    requests: sum(({ requests }) => requests),
    checks: [{ name: 'as asked', group: '', passes: sum(({ good }) => good), fails: sum(({ bad }) => bad) }],
    sent: merged(seconds.map((second) => second.latency)),
    errors: [],
    outcome: 'completed',
    reason: '',
    ...over,
  };
}

/** A load as its judges see it. */
export function inventedLoad(of: InventedLoad = {}): Load {
  const seconds = secondsOf(of);
  const end = { kind: 'load' as const, t: 0, ...endOf(seconds, of.over) };
  return loadOf(
    end,
    seconds.map((second) => ({ kind: 'load-second', t: second.atMs + 1000, ...second })),
  );
}

/** The lines of a load as its process writes them. @param startMs start of the load, ms of the history; 0 is the anchor's wall clock */
export function recordedLoad(of: InventedLoad = {}, startMs = 2000): Line[] {
  const seconds = secondsOf(of);
  const startedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + startMs).toISOString();
  const end = endOf(seconds, { startedAt, ...of.over });
  return [
    ['load-start', { t: startMs - START_MS, passedOver: [] }],
    ...seconds.map((second): Line => ['load-second', { t: startMs + second.atMs + 1000, ...second }]),
    ['load', { t: startMs + seconds.length * 1000 + START_MS, ...end }],
  ];
}
