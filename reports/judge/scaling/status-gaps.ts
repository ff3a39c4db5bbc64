/** Whether what Kubernetes says of an autoscaler in the conditions of its status agrees with the figures beside them. */
import { HPA_CONDITIONS } from '../../record/observations/scaling.ts';
import type { Seen } from '../../record/observations/index.ts';

type Status = Seen<'hpa'>;

/** Kubernetes gives each of these reasons with one condition and one status of it; others may be of a later version, or of a failure. */
const GIVEN_WITH: ReadonlyMap<string, string> = new Map([
  ['SucceededGetScale', 'AbleToScale=True'],
  ['SucceededRescale', 'AbleToScale=True'],
  ['ReadyForNewScale', 'AbleToScale=True'],
  ['ScaleUpStabilized', 'AbleToScale=True'],
  ['ScaleDownStabilized', 'AbleToScale=True'],
  ['ValidMetricFound', 'ScalingActive=True'],
  ['DesiredWithinRange', 'ScalingLimited=False'],
  ['TooFewReplicas', 'ScalingLimited=True'],
  ['TooManyReplicas', 'ScalingLimited=True'],
  ['ScaleUpLimit', 'ScalingLimited=True'],
  ['ScaleDownLimit', 'ScalingLimited=True'],
]);

/** What does not agree, in a few words each. */
export function conditionGaps(statuses: readonly Status[], spec: Seen<'hpa-spec'>): string[] {
  const gaps: string[] = [];
  if (!statuses.every(hasConditions)) gaps.push('a status with a metric and without its conditions');
  const odd = statuses.flatMap(({ conditions }) => conditions).find((one) => !isGiven(one));
  if (odd !== undefined) gaps.push(`${odd.type} is ${odd.status} for ${odd.reason}`);
  if (!statuses.every((status) => isScaled(status))) gaps.push('a status that scales and does not');
  if (!statuses.every((status) => isAtLimit(status, spec)))
    gaps.push('a status at a limit that its figures are not at');
  if (!statuses.every((status) => isAsked(status, spec)))
    gaps.push('more pods desired than its metric asks for, or fewer');
  return gaps;
}

function hasConditions({ metrics, conditions }: Status): boolean {
  const types = conditions.map(({ type }) => type);
  if (new Set(types).size < types.length) return false;
  return metrics.every(({ value }) => value === null) || HPA_CONDITIONS.every((type) => types.includes(type));
}

function isGiven({ type, status, reason }: Status['conditions'][number]): boolean {
  return (GIVEN_WITH.get(reason) ?? `${type}=${status}`) === `${type}=${status}`;
}

const says = ({ conditions }: Status, wanted: string): boolean =>
  conditions.some(({ reason }) => reason === wanted);

/** Said last in a look that scales nothing: one that scales says that instead. */
const AS_IT_IS = ['ReadyForNewScale', 'ScaleUpStabilized', 'ScaleDownStabilized'];

/** It says that it scaled in the look in which it did; that nothing is to do, in one in which both numbers are the same. */
function isScaled(status: Status): boolean {
  const { desired, current } = status;
  if (says(status, 'SucceededRescale')) return desired !== current;
  return !AS_IT_IS.some((reason) => says(status, reason)) || desired === current;
}

/** Too few: what its metrics ask for is less than the minimum, which is what it wants then. Too many: the other way round. */
function isAtLimit(status: Status, { min, max }: Seen<'hpa-spec'>): boolean {
  if (says(status, 'TooManyReplicas')) return status.desired === max;
  if (!says(status, 'TooFewReplicas') || !says(status, 'ValidMetricFound')) return true;
  return status.desired === min && askedOf(status, 0) <= min;
}

/** Pods that the highest of its metrics asks for. @param more a share of a target is told in whole percent, without what is over */
function askedOf({ current, metrics }: Status, more: number): number {
  const shares = metrics.map(({ value, target }) =>
    value === null || target === null || target <= 0 ? 0 : (value + more) / target,
  );
  return Math.ceil(current * Math.max(0, ...shares));
}

/**
 * From the minimum, whose pods were all there and measured, one metric adds as many as it asks for, where nothing limits it. Of further
 * raises nobody can say it: pods that are not ready yet count as using nothing.
 */
function isAsked(status: Status, { min, stabilisationUpS, metrics }: Seen<'hpa-spec'>): boolean {
  const { desired, current } = status;
  const isFree = says(status, 'DesiredWithinRange') && says(status, 'SucceededRescale');
  if (!isFree || current !== min || desired <= current) return true;
  if (metrics.length > 1 || stabilisationUpS > 0) return true;
  return desired >= askedOf(status, 0) - PODS_UNMEASURED && desired <= askedOf(status, 1);
}

/** A pod of the minimum that was just restarted may be without a value for a moment, which takes some of what is asked for. */
const PODS_UNMEASURED = 2;
