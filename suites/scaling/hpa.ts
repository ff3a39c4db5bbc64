/** What an object of autoscaling/v2 says, as scaling checks record it. Defaults: Kubernetes' API reference of HorizontalPodAutoscaler v2. */
import type { KubeObject } from '../harness/protocol.ts';

interface MetricTarget {
  type?: string;
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}
/** Of a container's, a pod's or an object's metric nothing is read: none is followed here. */
interface Metric {
  type: string;
  resource?: { name: string; target?: MetricTarget; current?: MetricTarget };
  external?: { metric: { name: string }; target?: MetricTarget; current?: MetricTarget };
}
interface Policy {
  type: string;
  value: number;
  periodSeconds: number;
}
interface Rules {
  stabilizationWindowSeconds?: number;
  policies?: Policy[];
  selectPolicy?: string;
}
interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
export interface Autoscaler extends KubeObject {
  spec: {
    scaleTargetRef: { kind: string; name: string };
    minReplicas?: number;
    maxReplicas: number;
    metrics?: Metric[];
    behavior?: { scaleUp?: Rules; scaleDown?: Rules };
  };
  status?: {
    currentReplicas?: number;
    desiredReplicas?: number;
    lastScaleTime?: string;
    /** The API server writes null for a list that is empty. */
    currentMetrics?: Metric[] | null;
    conditions?: Condition[] | null;
  };
}

const DEFAULT_MIN = 1;
const DEFAULT_DOWN_STABILISATION_S = 300;
const DEFAULT_UP_STABILISATION_S = 0;
const DEFAULT_UP: Policy[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const DEFAULT_DOWN: Policy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }];

/** The one that resizes this Deployment; undefined when none does. */
export function autoscalerOf(
  objects: readonly KubeObject[],
  deployment: { namespace: string; name: string },
): Autoscaler | undefined {
  return objects.find((object): object is Autoscaler => {
    const { scaleTargetRef: of } = (object as Autoscaler).spec;
    const here = object.metadata.namespace === deployment.namespace;
    return here && of.kind === 'Deployment' && of.name === deployment.name;
  });
}

/** Fields of `hpa-spec`. */
interface RecordedSpec extends Record<string, unknown> {
  min: number;
  max: number;
  stabilisationUpS: number;
  stabilisationDownS: number;
}

/** What governs it, with what it leaves out filled in as the controller does. */
export function specOf({ metadata, spec }: Autoscaler): RecordedSpec {
  return {
    name: `${metadata.namespace ?? ''}/${metadata.name}`,
    min: spec.minReplicas ?? DEFAULT_MIN,
    max: spec.maxReplicas,
    ...metricOf(spec.metrics?.[0]),
    ...behaviourOf(spec.behavior),
  };
}

function metricOf(metric: Metric | undefined): Record<string, unknown> {
  const { name, target } = partsOf(metric);
  return {
    metric: name ?? metric?.type ?? null,
    targetUtilisation: target?.averageUtilization ?? null,
  };
}

/** Name, target and current value of a metric, whether it is measured here or comes from elsewhere. */
function partsOf({ resource, external }: Partial<Metric> = {}): {
  name?: string;
  target?: MetricTarget | undefined;
  current?: MetricTarget | undefined;
} {
  if (external === undefined) return resource ?? {};
  return { name: external.metric.name, target: external.target, current: external.current };
}

function behaviourOf({ scaleUp = {}, scaleDown = {} }: NonNullable<Autoscaler['spec']['behavior']> = {}): {
  stabilisationUpS: number;
  stabilisationDownS: number;
  policies: unknown[];
} {
  const { stabilizationWindowSeconds: upS = DEFAULT_UP_STABILISATION_S, policies: up = DEFAULT_UP } = scaleUp;
  const { stabilizationWindowSeconds: downS = DEFAULT_DOWN_STABILISATION_S, policies: down = DEFAULT_DOWN } =
    scaleDown;
  return {
    stabilisationUpS: upS,
    stabilisationDownS: downS,
    policies: [
      ...up.map((policy) => ({ direction: 'up', ...policy })),
      ...down.map((policy) => ({ direction: 'down', ...policy })),
    ],
  };
}

/** Fields of `hpa`: what it saw last and what it wants; `metric.value` is null while it has none. */
export function statusOf({ spec, status = {} }: Autoscaler): Record<string, unknown> {
  const { desiredReplicas: desired = 0, currentReplicas: current = 0 } = status;
  return {
    desired,
    current,
    metric: seenMetric(spec.metrics?.[0], status.currentMetrics),
    conditions: (status.conditions ?? []).map(({ type, status: is, reason = '', message = '' }) => ({
      ...{ type, status: is, reason, message },
    })),
    lastScaleAt: status.lastScaleTime ?? null,
  };
}

/** Of its metric now; null: it has none. Without one the controller leaves the last in the status, and says so in this condition. */
export function valueOf({ spec, status = {} }: Autoscaler): number | null {
  const stale = status.conditions?.some((one) => one.type === 'ScalingActive' && one.status === 'False');
  return stale === true ? null : seenMetric(spec.metrics?.[0], status.currentMetrics).value;
}

interface SeenMetric {
  name: string | null;
  value: number | null;
  target: number | null;
}

function seenMetric(wanted: Metric | undefined, current: readonly Metric[] | null = []): SeenMetric {
  const { name = null, target } = partsOf(wanted);
  const seen = (current ?? []).map(partsOf).find((one) => one.name === name);
  return { name, value: amountOf(seen?.current, target), target: amountOf(target, target) };
}

/** What the target is stated in: a share of what is requested, a mean of all pods, or the value itself. */
function amountOf(amount: MetricTarget | undefined, target: MetricTarget | undefined): number | null {
  if (target?.averageUtilization !== undefined) return amount?.averageUtilization ?? null;
  return quantityOf(target?.averageValue === undefined ? amount?.value : amount?.averageValue);
}

/** Suffixes of Kubernetes' quantities (API reference, Quantity). */
const SUFFIXES: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** `12`, `7500m`, `1e3`; null for what is none. */
export function quantityOf(text: string | undefined): number | null {
  const match = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text ?? '');
  if (match === null) return null;
  const [, digits, suffix] = match;
  return Number(digits) * (suffix === undefined ? 1 : (SUFFIXES[suffix] ?? Number.NaN));
}
