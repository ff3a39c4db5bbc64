/** A load and a goal for tests of single values; `over` replaces some of theirs. */
import type { GoalEntry, LoadDetail } from '../../record/details/load-detail.ts';

export function fixtureLoad(over: Partial<LoadDetail> = {}): LoadDetail {
  return {
    engine: 'embedded 0.1.0',
    script: 'load/scenarios/ramp.ts',
    startedAt: '2026-11-24T17:12:00.000Z',
    outcome: 'completed',
    fromMs: 0,
    stepMs: 1000,
    offered: [20, 22],
    started: [20, 21],
    requestsPerSecond: [20, 22],
    errorsPerSecond: [0, 3],
    p50Ms: [240, 34],
    p99Ms: [1800, 160],
    requests: 17_190,
    failed: 9,
    dropped: 14,
    heat: { lowestMs: 1, ratio: 10 ** (1 / 8), rows: 40, cells: [] },
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
