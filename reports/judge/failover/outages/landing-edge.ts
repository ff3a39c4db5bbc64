import type { LandedBy } from '../../../record/observations/failover.ts';
import type { RawOutage } from './outages.ts';
import type { Trial } from '../trial.ts';

/** Landings after which the one who was hit can answer nobody. Not a partition: clients still reach that leader. */
const SILENCED: readonly (LandedBy | null)[] = [
  'processes gone',
  'cgroup frozen',
  'packets dropped, then every process gone',
  'power off',
];

/**
 * An operation that gets no answer is known to have failed only at its deadline, seconds later. But where the leader itself was silenced,
 * the proof of the landing says when: an outage that had begun by the time its first operation ran out has begun by the landing.
 */
export function boundedByLanding(
  outages: readonly RawOutage[],
  trial: Trial,
  leader: string | null,
): RawOutage[] {
  const { landedMs, landedBy, target } = trial;
  const silenced = SILENCED.includes(landedBy);
  if (landedMs === null || !silenced || leader === null || !target.split(', ').includes(leader))
    return [...outages];
  return outages.map((outage) => {
    const { start } = outage;
    if (landedMs < start.loMs || landedMs >= start.hiMs) return outage;
    return { ...outage, start: { ...start, hiMs: landedMs } };
  });
}
