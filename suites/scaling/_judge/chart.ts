import type { ScalingDetail } from '../../../reports/record/details/load-detail.ts';
import { quantileMs } from '../../../reports/judge/slo/histogram.ts';
import { rateOf, roundedOrNull, stepFor, stepsOf } from '../../../reports/judge/slo/load-detail.ts';
import type { Observed } from './observed.ts';

/** Calm before the load that is worth showing, ms. */
const LEAD_MS = 30_000;

/** The load and the autoscaler's reaction on one time axis, whose 0 is the start of the load. */
export function scalingDetail(
  { hpa, replicas, spec, startMs, lastMs, seconds }: Observed,
  more: Pick<ScalingDetail, 'target' | 'marks' | 'derivation'>,
): ScalingDetail | undefined {
  if (startMs === null || spec === null) return undefined;
  const firstMs = Math.min(startMs, ...hpa.slice(0, 1).map(({ t }) => t));
  const fromMs = Math.max(startMs - LEAD_MS, firstMs);
  const stepMs = stepFor(Math.max(1, lastMs - fromMs));
  const count = Math.max(1, Math.ceil((lastMs - fromMs) / stepMs));
  const steps = stepsOf(seconds, { fromMs, stepMs, count });
  const ends = steps.map((_, index) => fromMs + (index + 1) * stepMs);
  return {
    ...more,
    fromMs: fromMs - startMs,
    stepMs,
    // Outside the load the offered rate is known: 0.
    offered: steps.map(({ offered, seconds: known }) =>
      known === 0 ? 0 : offered === null ? null : rateOf(offered, stepMs),
    ),
    errorsPerSecond: steps.map(({ failed }) => rateOf(failed, stepMs)),
    p50Ms: steps.map(({ latency }) => roundedOrNull(quantileMs(latency, 0.5))),
    p99Ms: steps.map(({ latency }) => roundedOrNull(quantileMs(latency, 0.99))),
    desired: lastKnown(
      ends,
      hpa.map(({ t, desired }) => [t, desired]),
    ),
    ready: lastKnown(
      ends,
      replicas.map(({ t, ready }) => [t, ready]),
    ),
    min: spec.min,
    max: spec.max,
    windows: [],
  };
}

/** The newest value at each time; null before the first. */
function lastKnown(
  times: readonly number[],
  values: readonly (readonly [number, number])[],
): (number | null)[] {
  let next = 0;
  let value: number | null = null;
  return times.map((time) => {
    for (let one = values[next]; one !== undefined && one[0] <= time; one = values[next]) {
      value = Number.isFinite(one[1]) ? one[1] : value;
      next += 1;
    }
    return value;
  });
}
