/** Kubernetes objects, and what every one of the platform has. */
import { patience } from '../../../host/patience.ts';
import { APP_USER } from '../images/debian/debian-recipes.ts';

/** Any Kubernetes object; the API server checks the rest. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Who applies these objects; not `plumbline`, which marks what checks create and clean up. */
export const FIELD_MANAGER = 'plumbline-env';

/** How a platform labels its objects. */
export interface Labelling {
  /** Of the label that holds the name of an object, and by which the pods of a workload are selected. */
  readonly key: string;
  /** What all have besides. */
  readonly others: Readonly<Record<string, string>>;
}

/** Of the reference platform. */
export const RECOMMENDED: Labelling = {
  key: 'app.kubernetes.io/name',
  others: {
    'app.kubernetes.io/part-of': 'tender-platform',
    'app.kubernetes.io/managed-by': FIELD_MANAGER,
  },
};

/** A container's rights: none. `readOnlyRootFilesystem` needs emptyDir mounts for whatever the program writes. */
const NO_RIGHTS = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

/** For programs that run as the user of our images. */
const NO_ROOT = {
  runAsNonRoot: true,
  runAsUser: APP_USER,
  runAsGroup: APP_USER,
  fsGroup: APP_USER,
  // Once, while a volume is new: later it would open files that their program wants closed to the group.
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/**
 * When a container is taken for dead: after a minute, at Kubernetes' period of ten seconds. On two cores that start a whole platform a healthy one
 * may not answer for half a minute. Killed for it, it starts again, which keeps the others from answering.
 */
const PATIENT = { timeoutSeconds: 5, failureThreshold: 6 } as const;

export const WORKLOADS: readonly string[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

interface Workload {
  readonly selector?: unknown;
  readonly template: { readonly metadata?: Partial<Metadata>; readonly spec: Pod };
  readonly volumeClaimTemplates?: readonly { readonly metadata: Metadata }[];
}
interface Pod {
  readonly securityContext?: unknown;
  readonly containers: readonly Container[];
}
interface Probe {
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
}
interface Container {
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly [field: string]: unknown;
}

/**
 * What every object of the platform has and no manifest repeats; a manifest that says otherwise is right. Labels, whose name is the object's own; a
 * ServiceAccount without a token; of a workload its selector, pods that run as a user without rights, and containers without any, which are not
 * taken for dead too soon.
 */
export function withDefaults(object: KubeObject, labelling: Labelling): KubeObject {
  const { name } = object.metadata;
  const labelled = { ...object, metadata: withLabels(object.metadata, name, labelling) };
  if (object.kind === 'ServiceAccount') return { automountServiceAccountToken: false, ...labelled };
  if (!WORKLOADS.includes(object.kind)) return labelled;
  return { ...labelled, spec: withPodDefaults(object['spec'] as Workload, name, labelling) };
}

function withLabels<T extends Partial<Metadata>>(metadata: T, name: string, { key, others }: Labelling): T {
  return { ...metadata, labels: { [key]: name, ...others, ...metadata.labels } };
}

function withPodDefaults(spec: Workload, name: string, labelling: Labelling): unknown {
  const { template, volumeClaimTemplates } = spec;
  const containers = template.spec.containers.map(withContainerDefaults);
  const securityContext = template.spec.securityContext ?? NO_ROOT;
  return {
    selector: { matchLabels: { [labelling.key]: name } },
    ...spec,
    template: {
      metadata: withLabels(template.metadata ?? {}, name, labelling),
      spec: { ...template.spec, securityContext, containers },
    },
    ...(volumeClaimTemplates && {
      volumeClaimTemplates: volumeClaimTemplates.map((claim) => ({
        ...claim,
        metadata: withLabels(claim.metadata, name, labelling),
      })),
    }),
  };
}

function withContainerDefaults(container: Container): Container {
  const { livenessProbe } = container;
  const probed = livenessProbe
    ? { ...container, livenessProbe: { ...PATIENT, ...livenessProbe } }
    : container;
  return { securityContext: NO_RIGHTS, ...probed, ...patientProbes(probed) };
}

/** Kubernetes' defaults of a probe. */
const PROBE_DEFAULTS = { timeoutSeconds: 1, failureThreshold: 3 } as const;

/** The probes of a container on a machine that is given patience: each answer has that much longer, and its start that many more of them. */
function patientProbes(container: Container): Partial<Container> {
  const factor = patience();
  if (factor === 1) return {};
  const probes = (['startupProbe', 'livenessProbe', 'readinessProbe'] as const).flatMap((name) => {
    const probe = container[name];
    if (probe === undefined) return [];
    const { timeoutSeconds, failureThreshold } = { ...PROBE_DEFAULTS, ...probe };
    const longer = {
      timeoutSeconds: Math.ceil(timeoutSeconds * factor),
      // Only a start is timed by their number: it takes longer, however fast each answer comes.
      failureThreshold: Math.ceil(failureThreshold * (name === 'startupProbe' ? factor : 1)),
    };
    return [[name, { ...probe, ...longer }] as const];
  });
  return Object.fromEntries(probes);
}
