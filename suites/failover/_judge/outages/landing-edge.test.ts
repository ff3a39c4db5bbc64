import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedByLanding } from './landing-edge.ts';
import type { RawOutage } from '../../../../reports/judge/failover/outages/outages.ts';
import type { Trial } from '../trial.ts';

const outage = (loMs: number, hiMs: number): RawOutage => ({
  lastOkMs: loMs,
  firstOkMs: 30_000,
  start: { loMs, hiMs },
  end: { loMs: 29_000, hiMs: 30_000 },
  failed: 0,
  unknown: 9,
  unsent: 0,
});
const trial = (landedBy: string, target = 'pg-1'): Trial =>
  ({ landedMs: 5_002, landedBy, target }) as unknown as Trial;
const startsOf = (outages: readonly RawOutage[]): number[] => outages.map(({ start }) => start.hiMs);

test('the outage of a leader that was silenced begins no later than the landing', () => {
  const seen = [outage(4_998, 9_990)];
  assert.deepEqual(startsOf(boundedByLanding(seen, trial('cgroup frozen'), 'pg-1')), [5_002]);
  assert.deepEqual(startsOf(boundedByLanding(seen, trial('power off', 'pg-0, pg-1'), 'pg-1')), [5_002]);
});

test('no outage is narrowed by what proves nothing of it', () => {
  const seen = [outage(4_998, 9_990)];
  assert.deepEqual(startsOf(boundedByLanding(seen, trial('packets dropped'), 'pg-1')), [9_990]);
  assert.deepEqual(startsOf(boundedByLanding(seen, trial('cgroup frozen', 'pg-0'), 'pg-1')), [9_990]);
  assert.deepEqual(startsOf(boundedByLanding(seen, trial('cgroup frozen'), null)), [9_990]);
  const others = [outage(1_000, 1_500), outage(6_000, 7_000)];
  assert.deepEqual(startsOf(boundedByLanding(others, trial('cgroup frozen'), 'pg-1')), [1_500, 7_000]);
});
