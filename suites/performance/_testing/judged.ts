import { recordedLoad } from '../../../reports/judge/slo/_testing/histories.ts';
import type { InventedLoad } from '../../../reports/judge/slo/_testing/histories.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

/** Goals of the checks of performance. */
export const GOALS = {
  p95Ms: 500,
  availabilityRatio: 0.999,
  requestsPerSecond: 25,
  stallSeconds: 15,
  deliveredShare: 0.98,
};
export const loaded = (of: InventedLoad = {}): Seen[] => recordedLoad(of);
/** What the environment plans: what the load offers. */
export const planned = (of: InventedLoad) => ({
  steady: { requestsPerSecond: of.offered ?? of.perSecond ?? 50, seconds: of.seconds ?? 100 },
});
/** What a check of performance says of a load. */
export const performance = (
  name: string,
  of: InventedLoad | Seen[],
  more: { cut?: boolean; goals?: Record<string, unknown>; settings?: Record<string, unknown> } = {},
) =>
  judge({
    check: `performance/${name}`,
    goals: GOALS,
    settings: planned(Array.isArray(of) ? {} : of),
    seen: Array.isArray(of) ? of : loaded(of),
    ...more,
  });
