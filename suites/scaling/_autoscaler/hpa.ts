/** What an object of autoscaling/v2 says, as scaling checks record it. Defaults: Kubernetes' API reference of HorizontalPodAutoscaler v2. */
import type { Fields } from '../../../reports/record/observations/index.ts';
import { HPA_CONDITIONS } from '../../../reports/record/observations/scaling.ts';
import type {
  AutoscalerObject as Autoscaler,
  Metric,
  MetricAmounts,
  MetricTarget,
} from '../../../probes/kubernetes/objects.ts';
import { quantityOf } from '../../../probes/kubernetes/quantity.ts';

export type { Autoscaler };

const DEFAULT_MIN = 1;
const DEFAULT_DOWN_STABILISATION_S = 300;
const DEFAULT_UP_STABILISATION_S = 0;

/** The one that resizes this Deployment; undefined when none does. */
export function autoscalerOf(
  objects: readonly Autoscaler[],
  deployment: { namespace: string; name: string },
): Autoscaler | undefined {
  return objects.find(({ metadata, spec: { scaleTargetRef: of } }) => {
    const here = metadata.namespace === deployment.namespace;
    return here && of.kind === 'Deployment' && of.name === deployment.name;
  });
}

/** Fields of `hpa-spec`. */
type RecordedSpec = Omit<Fields<'hpa-spec'>, 'metricResolutionS' | 'lookEverySeconds'>;

/** The settings of an autoscaler, with the controller's defaults for what it leaves out. */
export function specOf({ spec }: Autoscaler): RecordedSpec {
  return {
    min: spec.minReplicas ?? DEFAULT_MIN,
    max: spec.maxReplicas,
    metrics: (spec.metrics ?? []).map((metric) => partsOf(metric).name),
    ...behaviourOf(spec.behavior),
  };
}

interface Parts extends MetricAmounts {
  name: string;
}

/** Name, target and current value of a metric of any type; a container's CPU is named apart from its pod's. */
function partsOf({ type, resource, containerResource, external, pods, object }: Metric): Parts {
  if (resource !== undefined) return resource;
  if (containerResource !== undefined)
    return { ...containerResource, name: `${containerResource.container}/${containerResource.name}` };
  const named = external ?? pods ?? object;
  return named === undefined ? { name: type } : { ...named, name: named.metric.name };
}

type Behaviour = Pick<RecordedSpec, 'stabilisationUpS' | 'stabilisationDownS' | 'policiesDown'>;

/** Policies limit shrinking only if all count pods: the one that allows most applies, and a percentage may let all go at once. */
function behaviourOf({
  scaleUp = {},
  scaleDown = {},
}: NonNullable<Autoscaler['spec']['behavior']> = {}): Behaviour {
  const { stabilizationWindowSeconds: upS = DEFAULT_UP_STABILISATION_S } = scaleUp;
  const { stabilizationWindowSeconds: downS = DEFAULT_DOWN_STABILISATION_S, policies = [] } = scaleDown;
  const isLimited = policies.length > 0 && policies.every(({ type }) => type === 'Pods');
  const policiesDown = policies.map(({ value, periodSeconds }) => ({ pods: value, periodSeconds }));
  return { stabilisationUpS: upS, stabilisationDownS: downS, ...(isLimited && { policiesDown }) };
}

/** Fields of `hpa`: what it saw last of each of its metrics, and what it wants. */
export function statusOf({ spec, status = {} }: Autoscaler): Fields<'hpa'> {
  const { desiredReplicas: desired = 0, currentReplicas: current = 0 } = status;
  return {
    ...{ desired, current },
    metrics: (spec.metrics ?? []).map((metric) => seenMetric(metric, status.currentMetrics)),
    conditions: (status.conditions ?? []).flatMap(({ type, status: is, reason = '', message = '' }) => {
      const known = HPA_CONDITIONS.find((one) => one === type);
      return known === undefined ? [] : [{ type: known, status: is, reason, message }];
    }),
  };
}

/**
 * The highest of its metrics now, as a share of its target; null: it has none, or one of them is not known. Without a metric the controller
 * leaves the last in the status, and says so in this condition.
 */
export function loadOf(autoscaler: Autoscaler): number | null {
  const { metrics, conditions } = statusOf(autoscaler);
  if (conditions.some((one) => one.type === 'ScalingActive' && one.status === 'False')) return null;
  const shares = metrics.flatMap(({ value, target }) =>
    value === null || target === null || target <= 0 ? [] : [value / target],
  );
  return shares.length === 0 || shares.length < metrics.length ? null : Math.max(...shares);
}

type SeenMetric = Fields<'hpa'>['metrics'][number];

function seenMetric(wanted: Metric, current: readonly Metric[] | null = []): SeenMetric {
  const { name, target } = partsOf(wanted);
  const seen = (current ?? []).find((one) => one.type === wanted.type && partsOf(one).name === name);
  const now = seen === undefined ? undefined : partsOf(seen).current;
  return { name, value: amountOf(now, target), target: amountOf(target, target) };
}

/** The amount in the unit of the target: a share of the request, a mean over the pods, or the value itself. */
function amountOf(amount: MetricTarget | undefined, target: MetricTarget | undefined): number | null {
  if (target?.averageUtilization !== undefined) return amount?.averageUtilization ?? null;
  return quantityOf(target?.averageValue === undefined ? amount?.value : amount?.averageValue);
}
