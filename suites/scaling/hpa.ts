/** What an object of autoscaling/v2 says, as scaling checks record it. Defaults: Kubernetes' API reference of HorizontalPodAutoscaler v2. */
import type { KubeObject } from '../harness/protocol.ts';

interface MetricTarget {
  type?: string;
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}
interface Metric {
  type: string;
  resource?: { name: string; target?: MetricTarget; current?: MetricTarget };
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
  return {
    metric: metric?.resource?.name ?? metric?.type ?? null,
    targetUtilisation: metric?.resource?.target?.averageUtilization ?? null,
  };
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

function seenMetric(
  wanted: Metric | undefined,
  current: readonly Metric[] | null = [],
): Record<string, unknown> {
  const { name = null, target } = wanted?.resource ?? {};
  const seen = (current ?? []).map(({ resource }) => resource).find((one) => one?.name === name);
  return { name, value: utilisationOf(seen?.current), target: utilisationOf(target) };
}

function utilisationOf(target: MetricTarget | undefined): number | null {
  return target?.averageUtilization ?? null;
}
