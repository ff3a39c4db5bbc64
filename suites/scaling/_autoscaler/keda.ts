/** What a ScaledObject of KEDA says, as scaling checks record it: it makes the autoscaler, and scales from and to no pods by itself. */
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { Condition, ScaledObjectObject } from '../../../probes/kubernetes/objects.ts';
import { namespacedName } from '../../../probes/kubernetes/kube-object.ts';

/** Without `minReplicaCount` there may be no pod at all (KEDA's documentation of ScaledObject). */
const DEFAULT_MIN = 0;
/** The same, `cooldownPeriod`: it counts only on the way to no pods, or to idle ones. */
const DEFAULT_COOLDOWN_S = 300;

/**
 * Annotations by which people pause one; of the first the value is a number of pods, of the second text other than false pauses as well
 * (`scaledobject_types.go`, see `ScaledObjectObject`).
 */
const PAUSED_REPLICAS = 'autoscaling.keda.sh/paused-replicas';
const PAUSED = 'autoscaling.keda.sh/paused';

/** Whether it is what it scales: a Deployment, where it names no kind. */
export function isScaledBy(of: { kind: string; name: string }, { spec }: ScaledObjectObject): boolean {
  const { kind = 'Deployment', name } = spec.scaleTargetRef;
  return kind === of.kind && name === of.name;
}

/** Fields of `scaled-object`. */
export function scaledObjectOf({ metadata, spec, status = {} }: ScaledObjectObject): Fields<'scaled-object'> {
  const { conditions = [] } = status;
  const said = (type: string): string => conditions.find((one) => one.type === type)?.status ?? 'not said';
  return {
    name: namespacedName({ metadata }),
    min: spec.minReplicaCount ?? DEFAULT_MIN,
    idle: spec.idleReplicaCount ?? null,
    cooldownS: spec.cooldownPeriod ?? DEFAULT_COOLDOWN_S,
    paused: pausedBy(metadata.annotations ?? {}),
    active: said('Active'),
    fallback: said('Fallback'),
    ready: said('Ready'),
    why: unreadyText(conditions.find(({ type }) => type === 'Ready')),
  };
}

function unreadyText(ready: Condition | undefined): string {
  return ready?.status === 'False' ? (ready.message ?? ready.reason ?? '') : '';
}

/** The annotation that pauses it, as `name=value`; null: none does. Values that are false for Go's ParseBool pause nothing. */
function pausedBy(annotations: Readonly<Record<string, string>>): string | null {
  const replicas = annotations[PAUSED_REPLICAS];
  if (replicas !== undefined) return `${PAUSED_REPLICAS}=${replicas}`;
  const paused = annotations[PAUSED];
  return paused === undefined || /^(0|f|F|false|False|FALSE)$/.test(paused) ? null : `${PAUSED}=${paused}`;
}

/** Fewest pods that may be left at rest: of idle ones, where that is set, or the minimum. */
export function leastPods({ min, idle }: Fields<'scaled-object'>): number {
  return idle ?? min;
}
