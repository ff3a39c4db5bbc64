/**
 * How many pods each metric of an autoscaler asks for, and which one a decision rests on. Kubernetes, "Horizontal Pod Autoscaling", algorithm
 * details: current pods × value / target, rounded up; none are added or removed within the tolerance; of several metrics the one that asks for
 * most counts. One that has no value is left out when more pods are added, and nothing is removed while there is one.
 */
import type { Seen } from '../../../reports/record/observations/index.ts';

/** `--horizontal-pod-autoscaler-tolerance` of the controller manager, default. */
export const TOLERANCE = 0.1;

type Status = Seen<'hpa'>;
type Spec = Seen<'hpa-spec'>;

/** One metric in one status. */
export interface Measured {
  name: string;
  /** value / target; null: it has no value. */
  load: number | null;
  /** Pods that it asks for at least, and at most, as its value is rounded; null: not known. */
  wants: { least: number; most: number } | null;
}

/** What the value of a metric may have lost when it was written into the status. */
const ROUNDED = {
  /** Utilisation is cut to whole percent. */
  Utilization: 1,
  /** Quantities have three decimals. */
  AverageValue: 0.001,
  Value: 0.001,
} as const;

/** Without a metric the controller leaves the last values in the status, and says so in this condition. */
function isStale({ conditions }: Pick<Status, 'conditions'>): boolean {
  return conditions.some(({ type, status }) => type === 'ScalingActive' && status === 'False');
}

/** Every metric of a status, in the order of the spec. */
export function measuredIn(
  status: Status,
  spec: Pick<Spec, 'measures' | 'toleranceUp'> | undefined,
): Measured[] {
  const stale = isStale(status);
  const tolerance = spec?.toleranceUp ?? TOLERANCE;
  return status.metrics.map(({ name, value, target }, index) => {
    if (stale || value === null || target === null || target <= 0) return { name, load: null, wants: null };
    const by = spec?.measures[index]?.by ?? 'Utilization';
    return { name, load: value / target, wants: wantsOf({ value, target, by, tolerance }, status.current) };
  });
}

interface Amounts {
  value: number;
  target: number;
  by: keyof typeof ROUNDED;
  tolerance: number;
}

function wantsOf({ value, target, by, tolerance }: Amounts, current: number): Measured['wants'] {
  const wants = (of: number): number | null => wantedBy({ share: of / target, by, tolerance }, current);
  const [least, most] = [wants(value), wants(value + ROUNDED[by])];
  return least === null || most === null ? null : { least, most };
}

/**
 * The number that one metric asks for. From no pods at all a total is compared with its target; a mean over no pods says nothing.
 */
function wantedBy(
  { share, by, tolerance }: { share: number; by: keyof typeof ROUNDED; tolerance: number },
  current: number,
): number | null {
  if (current === 0) return by === 'Value' ? Math.ceil(share) : null;
  return Math.abs(1 - share) <= tolerance ? current : Math.ceil(current * share);
}

/** The metrics on which a number of pods rests. */
export interface Cause {
  /** Those that ask for as many, or more; of these the ones that ask for most. */
  metrics: string[];
  /** Those that have no value, so that they may have asked for them. */
  unknown: string[];
}

/** @param desired pods that are wanted by the decision in whose status the metrics are */
export function causeOf(metrics: readonly Measured[], desired: number): Cause {
  const able = metrics.filter(({ wants }) => wants !== null && wants.most >= desired);
  const most = Math.max(...able.map(({ wants }) => wants?.least ?? 0));
  return {
    metrics: able.filter(({ wants }) => wants?.least === most).map(({ name }) => name),
    unknown: metrics.filter(({ wants }) => wants === null).map(({ name }) => name),
  };
}

/** `cpu 3, rate 5, queue unknown` */
export function wantsText(metrics: readonly Measured[]): string {
  return metrics.map(({ name, wants }) => `${name} ${wants === null ? 'unknown' : wants.least}`).join(', ');
}
