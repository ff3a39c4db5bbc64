/** Whether the conditions in the status of an autoscaler agree with the figures beside them. */
import { measuredIn } from './metrics.ts';
import { HPA_CONDITIONS } from '../../record/observations/scaling.ts';
import type { Seen } from '../../record/observations/index.ts';

type Status = Seen<'hpa'>;

/** The condition and status with which Kubernetes gives each reason; other reasons may be of a later version, or of a failure. */
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
  if (!statuses.every(hasConditions)) gaps.push('a status has a metric, but not all conditions');
  const odd = statuses.flatMap(({ conditions }) => conditions).find((one) => !isGiven(one));
  if (odd !== undefined)
    gaps.push(
      `the condition ${odd.type} is ${odd.status} with the reason ${odd.reason}, which do not go together`,
    );
  if (!statuses.every((status) => isScaled(status)))
    gaps.push(
      'a status says that it scales with as many pods desired as exist, or that it does not with more or fewer',
    );
  if (!statuses.every((status) => isAtLimit(status, spec)))
    gaps.push('a status reports a limit that its figures have not reached');
  if (!statuses.every((status) => isAsked(status, spec)))
    gaps.push('a status desires more or fewer pods than its metric asks for');
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

/** Last reasons of a sync that scales nothing; one that scales ends with SucceededRescale. */
const AS_IT_IS = ['ReadyForNewScale', 'ScaleUpStabilized', 'ScaleDownStabilized'];

/** With SucceededRescale, desired and current pods differ; with a reason for not scaling, they are equal. */
function isScaled(status: Status): boolean {
  const { desired, current } = status;
  if (says(status, 'SucceededRescale')) return desired !== current;
  return !AS_IT_IS.some((reason) => says(status, reason)) || desired === current;
}

/** The minimum that the controller knows: KEDA may take more pods away than that, by itself. */
const leastOf = ({ min, ownMin = min }: Seen<'hpa-spec'>): number => ownMin;

/** TooFewReplicas: the metrics call for less than the minimum, so the minimum is desired. TooManyReplicas: the maximum is. */
function isAtLimit(status: Status, spec: Seen<'hpa-spec'>): boolean {
  if (says(status, 'TooManyReplicas')) return status.desired === spec.max;
  if (!says(status, 'TooFewReplicas') || !says(status, 'ValidMetricFound')) return true;
  const asked = measuredIn(status, spec).map(({ wants }) => wants?.least ?? 0);
  return status.desired === leastOf(spec) && Math.max(0, ...asked) <= leastOf(spec);
}

/**
 * From the minimum, whose pods are all ready and measured, metrics add as many as the one that asks for most calls for, where nothing limits
 * it. Later scale-ups cannot be checked: pods that are not ready yet count as using nothing. Neither can a metric without a value.
 */
function isAsked(status: Status, spec: Seen<'hpa-spec'>): boolean {
  const { desired, current } = status;
  const isFree = says(status, 'DesiredWithinRange') && says(status, 'SucceededRescale');
  if (!isFree || current !== leastOf(spec) || desired <= current) return true;
  const wants = measuredIn(status, spec).flatMap((one) => one.wants ?? []);
  if (wants.length < status.metrics.length || spec.stabilisationUpS > 0) return true;
  const [least, most] = [
    Math.max(...wants.map((one) => one.least)),
    Math.max(...wants.map((one) => one.most)),
  ];
  return desired >= least - PODS_UNMEASURED && desired <= most;
}

/** Tolerance: a pod of the minimum that was just restarted has no value for a moment, which lowers the number. */
const PODS_UNMEASURED = 2;
