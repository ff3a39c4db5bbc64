import type { LandedBy } from '../../../../reports/record/observations/failover.ts';
import type { RawOutage } from '../../../../reports/judge/failover/outages/outages.ts';
import type { Trial } from '../trial.ts';

/** Proofs of landing that mean that the target answers nobody. A partition is not among them: clients still reach that leader. */
const SILENCED: readonly (LandedBy | null)[] = [
  'processes gone',
  'cgroup frozen',
  'packets dropped, then every process gone',
  'power off',
];

/**
 * An operation without an answer is known to have failed only at its deadline, seconds later. Where the leader itself was silenced, the
 * proof of landing bounds the outage more closely: if it had begun by the first such deadline, it had begun by the landing.
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
