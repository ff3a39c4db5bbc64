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
/** `--horizontal-pod-autoscaler-downscale-stabilization` of the controller manager, which a cluster may have set to another. */
const DEFAULT_DOWN_STABILISATION_S = 300;
const DEFAULT_UP_STABILISATION_S = 0;

/** The one that resizes this workload; undefined when none does. */
export function autoscalerOf(
  objects: readonly Autoscaler[],
  target: { kind: string; namespace: string; name: string },
): Autoscaler | undefined {
  return objects.find(({ metadata, spec: { scaleTargetRef: of } }) => {
    const here = metadata.namespace === target.namespace;
    return here && of.kind === target.kind && of.name === target.name;
  });
}

/** Fields of `hpa-spec`. */
type RecordedSpec = Omit<Fields<'hpa-spec'>, 'metricResolutionS' | 'lookEverySeconds'>;

/** The settings of an autoscaler, with the controller's defaults for what it leaves out. */
export function specOf({ spec }: Autoscaler): RecordedSpec {
  const metrics = spec.metrics ?? [];
  const tolerance = quantityOf(spec.behavior?.scaleUp?.tolerance);
  return {
    min: spec.minReplicas ?? DEFAULT_MIN,
    max: spec.maxReplicas,
    metrics: namesOf(metrics),
    measures: metrics.map((metric) => ({ type: metric.type, by: wayOf(partsOf(metric).target) })),
    ...(tolerance !== null && { toleranceUp: tolerance }),
    ...behaviourOf(spec.behavior),
  };
}

interface Parts extends MetricAmounts {
  name: string;
  /** What tells it from another metric of this type and name. */
  of: string;
}

/** Name, target and current value of a metric of any type; a container's CPU is named apart from its pod's. */
function partsOf(metric: Metric): Parts {
  const { resource, containerResource } = metric;
  if (resource !== undefined) return { ...resource, of: '' };
  if (containerResource === undefined) return namedParts(metric);
  const { container, name } = containerResource;
  return { ...containerResource, name: `${container}/${name}`, of: '' };
}

function namedParts({ type, external, pods, object }: Metric): Parts {
  const named = external ?? pods ?? object;
  if (named === undefined) return { name: type, of: '' };
  const { kind, name } = object?.describedObject ?? {};
  const { selector } = named.metric;
  const apart = [
    ...(kind === undefined ? [] : [`${kind}/${name ?? ''}`]),
    ...(selector === undefined ? [] : [JSON.stringify(selector)]),
  ];
  return { ...named, name: named.metric.name, of: apart.join(' ') };
}

/** A name for each metric that no other has: two may measure the same name in two ways, or on two objects. */
function namesOf(metrics: readonly Metric[]): string[] {
  const names = metrics.map((metric) => partsOf(metric).name);
  return metrics.map((metric, index) => {
    const { name, of } = partsOf(metric);
    if (names.filter((one) => one === name).length === 1) return name;
    const apart = [metric.type, name, of].filter((one) => one !== '').join(' ');
    const alike = metrics.slice(0, index).filter((one) => one.type === metric.type && partsOf(one).of === of);
    return alike.some((one) => partsOf(one).name === name) ? `${apart} (${index + 1})` : apart;
  });
}

/** By which field of its target a metric is held; null: by none that is known. */
function wayOf(target: MetricTarget | undefined): NonNullable<RecordedSpec['measures']>[number]['by'] {
  if (target?.averageUtilization !== undefined) return 'Utilization';
  if (target?.averageValue !== undefined) return 'AverageValue';
  return target?.value === undefined ? null : 'Value';
}

type Behaviour = Pick<
  RecordedSpec,
  'stabilisationUpS' | 'stabilisationDownS' | 'stabilisationDownStated' | 'policiesDown' | 'selectDown'
>;

function behaviourOf({
  scaleUp = {},
  scaleDown = {},
}: NonNullable<Autoscaler['spec']['behavior']> = {}): Behaviour {
  const { stabilizationWindowSeconds: upS = DEFAULT_UP_STABILISATION_S } = scaleUp;
  const { stabilizationWindowSeconds: downS, policies = [] } = scaleDown;
  const { selectPolicy } = scaleDown;
  const selectDown = (['Max', 'Min', 'Disabled'] as const).find((one) => one === selectPolicy);
  const policiesDown = policies.map(({ type, value, periodSeconds }) => ({
    ...(type === 'Percent' ? { percent: value } : { pods: value }),
    periodSeconds,
  }));
  return {
    stabilisationUpS: upS,
    stabilisationDownS: downS ?? DEFAULT_DOWN_STABILISATION_S,
    ...(downS === undefined && { stabilisationDownStated: false }),
    ...(policies.length > 0 && { policiesDown }),
    ...(selectDown !== undefined && { selectDown }),
  };
}

/** Fields of `hpa`: what it saw last of each of its metrics, and what it wants. */
export function statusOf({ spec, status = {} }: Autoscaler): Fields<'hpa'> {
  const { desiredReplicas: desired = 0, currentReplicas: current = 0 } = status;
  return {
    desired,
    current,
    metrics: seenMetrics(spec.metrics ?? [], status.currentMetrics ?? []),
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

/**
 * The controller lists what it saw in the order of the spec, and an entry without a type for a metric that it could not get. A status of
 * another length is of a spec before this one, or of a controller that leaves those out: then type and name tell which is which.
 */
function seenMetrics(wanted: readonly Metric[], current: readonly Metric[]): SeenMetric[] {
  const names = namesOf(wanted);
  return wanted.map((metric, index) => {
    const beside = wanted.length === current.length ? current[index] : undefined;
    const seen = beside !== undefined && isSame(metric, beside) ? beside : theOnly(metric, current, wanted);
    const { target } = partsOf(metric);
    const now = seen === undefined ? undefined : partsOf(seen).current;
    return {
      name: names[index] ?? metric.type,
      value: amountOf(now, target),
      target: amountOf(target, target),
    };
  });
}

function isSame(one: Metric, other: Metric): boolean {
  return one.type === other.type && partsOf(one).name === partsOf(other).name;
}

/** The entry of its type and name, where both lists have one such entry only. */
function theOnly(metric: Metric, current: readonly Metric[], wanted: readonly Metric[]): Metric | undefined {
  const found = current.filter((one) => isSame(metric, one));
  return found.length === 1 && wanted.filter((one) => isSame(metric, one)).length === 1
    ? found[0]
    : undefined;
}

/** The amount in the unit of the target: a share of the request, a mean over the pods, or the value itself. */
function amountOf(amount: MetricTarget | undefined, target: MetricTarget | undefined): number | null {
  if (target?.averageUtilization !== undefined) return amount?.averageUtilization ?? null;
  return quantityOf(target?.averageValue === undefined ? amount?.value : amount?.averageValue);
}
