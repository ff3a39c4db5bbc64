/** Kubernetes objects as typed data. Helpers set what every workload of the platform has: labels, probes, limits, no rights. */
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

/** Labels that select the pods of one workload. */
export function selector(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name };
}

/** Labels of every object of the platform. */
export function labels(name: string): Record<string, string> {
  return {
    ...selector(name),
    'app.kubernetes.io/part-of': 'tender-platform',
    'app.kubernetes.io/managed-by': FIELD_MANAGER,
  };
}

export function metadata(name: string, namespace?: string, app = name): Metadata {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: labels(app) };
}

export interface Port {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: string | number;
  readonly nodePort?: number;
}

/** A Service; without `select` its endpoints are somebody else's business. */
export function service(
  name: string,
  namespace: string,
  ports: readonly Port[],
  spec: Readonly<Record<string, unknown>> = { selector: selector(name) },
): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: metadata(name, namespace), spec: { ports, ...spec } };
}

export interface Resources {
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
}

export function resources(of: Resources): unknown {
  return {
    requests: { cpu: of.cpuRequest, memory: of.memoryRequest },
    limits: { cpu: of.cpuLimit, memory: of.memoryLimit },
  };
}

/** An HTTP probe. A `failureThreshold` of 3 at 2 s takes an unresponsive pod out of its Service within 7 s. */
export function httpProbe(
  path: string,
  port: string | number,
  overrides: Readonly<Record<string, unknown>> = {},
): unknown {
  return { httpGet: { path, port }, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 3, ...overrides };
}

/** A container's rights: none. `readOnlyRootFilesystem` needs emptyDir mounts for whatever the program writes. */
export const NO_RIGHTS = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

export function podSecurity(user: number): unknown {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    // Once, while a volume is new: later it would open files that their program wants closed to the group.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Different nodes, always: a second pod of the workload stays pending rather than share a node. */
export function requiredSpread(name: string): unknown {
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: selector(name) }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  };
}

/** Even over the nodes that exist: for workloads that may have more pods than there are nodes. */
export function evenSpread(name: string): unknown {
  return [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: selector(name) },
      nodeTaintsPolicy: 'Honor',
      matchLabelKeys: ['pod-template-hash'],
    },
  ];
}

export function disruptionBudget(name: string, namespace: string, minAvailable: number): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(name, namespace),
    spec: {
      minAvailable,
      selector: { matchLabels: selector(name) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

export function serviceAccount(name: string, namespace: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(name, namespace),
    automountServiceAccountToken: false,
  };
}

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1', apiGroup: 'rbac.authorization.k8s.io' } as const;

/** A Role and its binding to a ServiceAccount, which may live in another namespace. */
export function role(
  name: string,
  namespace: string,
  rules: readonly Rule[],
  subjectNamespace = namespace,
): KubeObject[] {
  const { apiVersion, apiGroup } = RBAC;
  return [
    { apiVersion, kind: 'Role', metadata: metadata(name, namespace), rules },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: metadata(name, namespace),
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: subjectNamespace }],
    },
  ];
}

/** A ClusterRole bound to a ServiceAccount of the same name. */
export function clusterRole(name: string, namespace: string, rules: readonly Rule[]): KubeObject[] {
  const { apiVersion, apiGroup } = RBAC;
  return [
    { apiVersion, kind: 'ClusterRole', metadata: metadata(name), rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: metadata(name),
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

/** Where a member of a StatefulSet keeps its data: a volume of its own, mounted by the name `data`. */
export function dataClaim(name: string): unknown {
  return {
    metadata: { name: 'data', labels: labels(name) },
    spec: {
      storageClassName: 'plumbline-local',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    },
  };
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet'];

interface Workload {
  readonly selector?: unknown;
  readonly template: { readonly metadata?: Partial<Metadata>; readonly spec: Pod };
  readonly volumeClaimTemplates?: readonly { readonly metadata: Metadata }[];
}
interface Pod {
  readonly securityContext?: unknown;
  readonly containers: readonly Readonly<Record<string, unknown>>[];
}

/**
 * What every object of the platform has and no manifest repeats; a manifest that says otherwise is right. Labels, whose name is the object's own; a
 * ServiceAccount without a token; of a workload its selector, pods that run as a user without rights, and containers without any.
 */
export function withDefaults(object: KubeObject): KubeObject {
  const labelled = { ...object, metadata: withLabels(object.metadata) };
  if (object.kind === 'ServiceAccount') return { automountServiceAccountToken: false, ...labelled };
  if (!WORKLOADS.includes(object.kind)) return labelled;
  return { ...labelled, spec: withPodDefaults(object['spec'] as Workload, object.metadata.name) };
}

function withLabels<T extends Partial<Metadata>>(metadata: T, name = metadata.name ?? ''): T {
  return { ...metadata, labels: { ...labels(name), ...metadata.labels } };
}

function withPodDefaults(spec: Workload, name: string): unknown {
  const { template, volumeClaimTemplates } = spec;
  const containers = template.spec.containers.map((one) => ({ securityContext: NO_RIGHTS, ...one }));
  const securityContext = template.spec.securityContext ?? podSecurity(APP_USER);
  return {
    selector: { matchLabels: selector(name) },
    ...spec,
    template: {
      metadata: withLabels(template.metadata ?? {}, name),
      spec: { ...template.spec, securityContext, containers },
    },
    ...(volumeClaimTemplates && {
      volumeClaimTemplates: volumeClaimTemplates.map((claim) => ({
        ...claim,
        metadata: withLabels(claim.metadata, name),
      })),
    }),
  };
}
