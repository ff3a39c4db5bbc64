/**
 * How long an autoscaler's policies make a scale-down take. Kubernetes, `calculateScaleDownLimitWithBehaviors` (pkg/controller/podautoscaler,
 * 1.34): a policy allows so many pods, or such a share of them, fewer than there were when its period began; of several the one that allows most
 * counts, or the one that allows least (`selectPolicy: Min`); `Disabled` allows none. Pods go at a sync of the controller only.
 */
import type { Seen } from '../../../reports/record/observations/index.ts';

type Spec = Pick<Seen<'hpa-spec'>, 'policiesDown' | 'selectDown'>;
type Policy = NonNullable<Spec['policiesDown']>[number];

/** Kubernetes: `--horizontal-pod-autoscaler-sync-period` of the controller manager, default, s: from the end of one sync to the next. */
export const SYNC_S = 15;

/** Longer is as good as never, s. */
const LONGEST_S = 86_400;

/** @returns s; Infinity where the pods never go by these policies */
export function shrinkingS(
  { policiesDown = [], selectDown }: Spec,
  of: { from: number; to: number },
): number {
  if (of.from <= of.to) return 0;
  if (selectDown === 'Disabled') return Infinity;
  if (policiesDown.length === 0) return 0;
  const pick = selectDown === 'Min' ? Math.max : Math.min;
  const gone: { atS: number; pods: number }[] = [];
  let pods = of.from;
  // From one moment at which pods went to the end of a period that they count in.
  for (
    let atS: number | undefined = 0;
    atS !== undefined && atS <= LONGEST_S;
    atS = nextOf(gone, policiesDown, atS)
  ) {
    const now: number = atS;
    const lately = ({ periodSeconds }: Policy): number =>
      gone.filter((one) => now - one.atS < periodSeconds).reduce((sum, one) => sum + one.pods, 0);
    const limit = pick(...policiesDown.map((policy) => leftBy(policy, pods + lately(policy))));
    const next = Math.max(of.to, Math.min(pods, limit));
    if (next < pods) gone.push({ atS: now, pods: pods - next });
    pods = next;
    if (pods <= of.to) return now;
  }
  return Infinity;
}

/** A scale-down that never comes to its end has no time to add. */
export const finite = (seconds: number): number => (Number.isFinite(seconds) ? seconds : 0);

/** Cut to whole pods, as the controller does it. */
function leftBy({ pods, percent }: Policy, before: number): number {
  return percent === undefined ? before - (pods ?? 0) : Math.trunc(before * (1 - percent / 100));
}

/** The first sync after the end of a period in which pods went; undefined: in none did any. */
function nextOf(
  gone: readonly { atS: number }[],
  policies: readonly Policy[],
  afterS: number,
): number | undefined {
  const ends = gone.flatMap(({ atS }) => policies.map(({ periodSeconds }) => syncFrom(atS + periodSeconds)));
  const later = ends.filter((end) => end > afterS);
  return later.length === 0 ? undefined : Math.min(...later);
}

const syncFrom = (atS: number): number => Math.ceil(atS / SYNC_S) * SYNC_S;
