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
    currentMetrics?: Metric[];
    conditions?: Condition[];
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

/** Fields of `hpa-spec`: what governs it, with what it leaves out filled in as the controller does. */
export function specOf({ metadata, spec }: Autoscaler): Record<string, unknown> {
  const { scaleUp = {}, scaleDown = {} } = spec.behavior ?? {};
  const metric = spec.metrics?.[0]?.resource;
  return {
    name: `${metadata.namespace ?? ''}/${metadata.name}`,
    min: spec.minReplicas ?? DEFAULT_MIN,
    max: spec.maxReplicas,
    metric: metric?.name ?? spec.metrics?.[0]?.type ?? null,
    targetUtilisation: metric?.target?.averageUtilization ?? null,
    stabilisationUpS: scaleUp.stabilizationWindowSeconds ?? DEFAULT_UP_STABILISATION_S,
    stabilisationDownS: scaleDown.stabilizationWindowSeconds ?? DEFAULT_DOWN_STABILISATION_S,
    policies: [
      ...(scaleUp.policies ?? DEFAULT_UP).map((policy) => ({ direction: 'up', ...policy })),
      ...(scaleDown.policies ?? DEFAULT_DOWN).map((policy) => ({ direction: 'down', ...policy })),
    ],
  };
}

/** Fields of `hpa`: what it saw last and what it wants; `metric.value` is null while it has none. */
export function statusOf({ spec, status = {} }: Autoscaler): Record<string, unknown> {
  const wanted = spec.metrics?.[0]?.resource;
  const seen = status.currentMetrics?.find(({ resource }) => resource?.name === wanted?.name)?.resource;
  return {
    desired: status.desiredReplicas ?? 0,
    current: status.currentReplicas ?? 0,
    metric: {
      name: wanted?.name ?? null,
      value: seen?.current?.averageUtilization ?? null,
      target: wanted?.target?.averageUtilization ?? null,
    },
    conditions: (status.conditions ?? []).map(({ type, status: is, reason = '', message = '' }) => ({
      ...{ type, status: is, reason, message },
    })),
    lastScaleAt: status.lastScaleTime ?? null,
  };
}
