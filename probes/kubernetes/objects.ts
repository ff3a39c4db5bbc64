/** The fields that Plumbline reads of each kind, and the check that an object has those that its kind requires. */
import { isRecord } from '../../reports/record/is-record.ts';
import { kindText } from './kinds.ts';
import type { KubeObject } from './kube-object.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** LabelSelector of meta/v1. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface NodeObject extends KubeObject {
  spec: {
    podCIDR?: string;
    podCIDRs?: string[];
    unschedulable?: boolean;
    taints?: { key: string; value?: string; effect: string }[];
  };
  status: {
    conditions?: Condition[];
    addresses?: { type: string; address: string }[];
    nodeInfo?: { kubeletVersion?: string };
    capacity?: Record<string, string>;
    allocatable?: Record<string, string>;
  };
}

export interface Mount {
  name: string;
  mountPath: string;
}

/** The fields of all kinds of probe handlers together. */
interface Asked {
  path?: string;
  port?: string | number;
}

export interface Probe {
  httpGet?: Asked;
  tcpSocket?: Asked;
  grpc?: Asked;
  exec?: Asked;
  [field: string]: unknown;
}

export interface Variable {
  name: string;
  [field: string]: unknown;
}

export interface ContainerPort {
  containerPort: number;
  /** TCP where it says nothing. */
  protocol?: string;
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  command?: string[];
  env?: Variable[];
  ports?: ContainerPort[];
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  resources?: {
    requests?: Record<string, string>;
    limits?: Record<string, string>;
    /** Claims of its pod that it uses (Dynamic Resource Allocation). */
    claims?: object[];
  };
  volumeMounts?: Mount[];
  securityContext?: { readOnlyRootFilesystem?: boolean };
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  persistentVolumeClaim?: { claimName: string };
  [source: string]: unknown;
}

export interface PodSpec {
  nodeName?: string;
  /** `Always` where nothing is said. */
  restartPolicy?: string;
  hostNetwork?: boolean;
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  nodeSelector?: Record<string, string>;
  affinity?: object;
  containers: Container[];
  initContainers?: (Container & { restartPolicy?: string })[];
  volumes?: Volume[];
  runtimeClassName?: string;
  /** Of the pod as a whole (KEP-2837). */
  resources?: Container['resources'];
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: { reason?: string; exitCode?: number; finishedAt?: string };
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  imageID?: string;
  containerID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

/** A container of a pod in the cache. Dropped fields are left out of this type, so that no check takes their absence for an answer. */
export type PodContainer = Pick<Container, 'name' | 'image' | 'args' | 'command'>;

export interface PodObject extends KubeObject {
  spec: Omit<PodSpec, 'containers' | 'initContainers' | 'affinity' | 'resources'> & {
    /** Set by the cache on a pod that is on no node yet and may go to just this one, such as a pod of a DaemonSet. */
    desiredNode?: string;
    containers: PodContainer[];
    initContainers?: PodContainer[];
  };
  status: {
    phase?: string;
    reason?: string;
    message?: string;
    podIP?: string;
    podIPs?: { ip?: string }[];
    hostIP?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface WorkloadStatus {
  observedGeneration?: number;
  replicas?: number;
  readyReplicas?: number;
  updatedReplicas?: number;
  numberReady?: number;
  desiredNumberScheduled?: number;
  updatedNumberScheduled?: number;
  /** Of a DaemonSet: nodes on which a pod of any template is. */
  currentNumberScheduled?: number;
  /** Of a StatefulSet. */
  currentRevision?: string;
  updateRevision?: string;
  conditions?: Condition[];
}

/** A Deployment, StatefulSet or DaemonSet. */
export interface WorkloadObject extends KubeObject {
  spec: {
    replicas?: number;
    selector?: LabelSelector;
    template: { metadata?: { labels?: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string } }[];
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
    /** Of a StatefulSet: the number of its first pod, where it is not 0. */
    ordinals?: { start?: number };
    /** Of a Deployment or a Rollout. */
    paused?: boolean;
  };
  status?: WorkloadStatus;
}

/**
 * A Rollout of Argo Rollouts. Instead of a template it may name the workload whose template it uses. As in
 * github.com/argoproj/argo-rollouts, pkg/apis/rollouts/v1alpha1/types.go at 009ba6ba3da5.
 */
export interface RolloutObject extends KubeObject {
  spec: {
    replicas?: number;
    selector?: LabelSelector;
    template?: WorkloadObject['spec']['template'];
    workloadRef?: { kind?: string; name?: string };
  };
  status?: Omit<WorkloadStatus, 'observedGeneration'> & {
    /** A number in a string. */
    observedGeneration?: string;
    /** Healthy, Progressing, Paused or Degraded. */
    phase?: string;
    message?: string;
  };
}

/** A ScaledObject of KEDA. As in github.com/kedacore/keda, apis/keda/v1alpha1/scaledobject_types.go at 01ee1d30b296. */
export interface ScaledObjectObject extends KubeObject {
  spec: {
    scaleTargetRef: { kind?: string; name: string };
    minReplicaCount?: number;
    maxReplicaCount?: number;
    idleReplicaCount?: number;
    cooldownPeriod?: number;
  };
  status?: { conditions?: Condition[] };
}

/** An event of v1. One written through events.k8s.io/v1 has no other time than `eventTime`. */
export interface EventObject extends KubeObject {
  involvedObject: { kind?: string; namespace?: string; name?: string; uid?: string };
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

export interface SecretObject extends KubeObject {
  /** In Base64. */
  data?: Record<string, string>;
}

export interface ConfigMapObject extends KubeObject {
  data?: Record<string, string>;
}

export interface ServicePort {
  name?: string;
  port: number;
  /** A number, or the name of a container's port; `port` where it says nothing. */
  targetPort?: number | string;
  /** TCP where it says nothing. */
  protocol?: string;
}

export interface ServiceObject extends KubeObject {
  spec: {
    /** ClusterIP where it says nothing. */
    type?: string;
    clusterIP?: string;
    /** Of the type ExternalName: the name outside that it stands for. */
    externalName?: string;
    selector?: Record<string, string>;
    publishNotReadyAddresses?: boolean;
    externalIPs?: string[];
    ports?: ServicePort[];
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export interface EndpointSliceObject extends KubeObject {
  /** The API server writes null for a list that is empty. */
  endpoints?:
    | {
        addresses: string[];
        conditions?: { ready?: boolean };
        targetRef?: { kind?: string; name?: string };
      }[]
    | null;
  ports?: { name?: string; port?: number }[] | null;
}

export interface IngressObject extends KubeObject {
  spec: {
    rules?: { http?: { paths: { [field: string]: unknown }[] }; [field: string]: unknown }[];
  };
  status?: ServiceObject['status'];
}

export interface NetworkPolicyObject extends KubeObject {
  spec: {
    /** Left out or empty: every pod of the namespace. */
    podSelector?: LabelSelector;
    policyTypes?: string[];
    ingress?: { from?: unknown[]; to?: unknown[]; ports?: unknown[] }[];
    egress?: { from?: unknown[]; to?: unknown[]; ports?: unknown[] }[];
  };
}

export interface ClaimObject extends KubeObject {
  spec: { storageClassName?: string; volumeName?: string };
  status?: { phase?: string };
}

export interface VolumeObject extends KubeObject {
  spec: Record<string, unknown>;
}

export interface BudgetObject extends KubeObject {
  spec: { selector?: LabelSelector };
  status?: { expectedPods?: number; desiredHealthy?: number };
}

export interface AccountObject extends KubeObject {
  automountServiceAccountToken?: boolean;
}

/** A Role or ClusterRole. */
export interface RoleObject extends KubeObject {
  /** The API server writes null for a list that is empty. */
  rules?: { apiGroups?: string[]; resources?: string[]; resourceNames?: string[]; verbs: string[] }[] | null;
}

/** A RoleBinding or ClusterRoleBinding. */
export interface BindingObject extends KubeObject {
  roleRef: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[] | null;
}

export interface LeaseObject extends KubeObject {
  spec: { holderIdentity?: string; renewTime?: string };
}

export interface MetricTarget {
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}
export interface MetricAmounts {
  target?: MetricTarget;
  current?: MetricTarget;
}
interface NamedMetric extends MetricAmounts {
  metric: { name: string; selector?: LabelSelector };
}
export interface Metric {
  /** Empty in a status: the controller could not get it. */
  type: string;
  resource?: MetricAmounts & { name: string };
  containerResource?: MetricAmounts & { name: string; container: string };
  external?: NamedMetric;
  pods?: NamedMetric;
  object?: NamedMetric & { describedObject?: { kind: string; name: string } };
}
export interface ScalingPolicy {
  type: string;
  value: number;
  periodSeconds: number;
}
interface ScalingRules {
  stabilizationWindowSeconds?: number;
  policies?: ScalingPolicy[];
  selectPolicy?: string;
  /** A quantity: a share, such as `0.05`. */
  tolerance?: string;
}
export interface AutoscalerObject extends KubeObject {
  spec: {
    scaleTargetRef: { kind: string; name: string };
    minReplicas?: number;
    maxReplicas: number;
    metrics?: Metric[];
    behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
  };
  status?: {
    currentReplicas?: number;
    desiredReplicas?: number;
    /** The API server writes null for a list that is empty. */
    currentMetrics?: Metric[] | null;
    conditions?: Condition[] | null;
  };
}

/** Kinds with a type of their own. */
export interface ObjectsByKind {
  'v1/Pod': PodObject;
  'v1/Node': NodeObject;
  'v1/Event': EventObject;
  'v1/Secret': SecretObject;
  'v1/ConfigMap': ConfigMapObject;
  'v1/Service': ServiceObject;
  'v1/PersistentVolumeClaim': ClaimObject;
  'v1/PersistentVolume': VolumeObject;
  'apps/v1/Deployment': WorkloadObject;
  'apps/v1/StatefulSet': WorkloadObject;
  'apps/v1/DaemonSet': WorkloadObject;
  'argoproj.io/v1alpha1/Rollout': RolloutObject;
  'autoscaling/v2/HorizontalPodAutoscaler': AutoscalerObject;
  'keda.sh/v1alpha1/ScaledObject': ScaledObjectObject;
  'coordination.k8s.io/v1/Lease': LeaseObject;
  'discovery.k8s.io/v1/EndpointSlice': EndpointSliceObject;
  'networking.k8s.io/v1/Ingress': IngressObject;
  'networking.k8s.io/v1/NetworkPolicy': NetworkPolicyObject;
  'policy/v1/PodDisruptionBudget': BudgetObject;
  'v1/ServiceAccount': AccountObject;
  'rbac.authorization.k8s.io/v1/ClusterRole': RoleObject;
  'rbac.authorization.k8s.io/v1/Role': RoleObject;
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': BindingObject;
  'rbac.authorization.k8s.io/v1/RoleBinding': BindingObject;
}

/** The type of a kind such as `v1/Pod`; for kinds without one, `KubeObject`. */
export type ObjectOf<Kind extends string> = Kind extends keyof ObjectsByKind
  ? ObjectsByKind[Kind]
  : KubeObject;

/**
 * Paths that the type of each kind requires: records, or lists where the path ends with `[]`. Everything else is optional in the types
 * or guaranteed by the API server's own schema.
 */
const REQUIRED: Readonly<Record<keyof ObjectsByKind, readonly string[]>> = {
  'v1/Pod': ['spec', 'spec.containers[]', 'status'],
  'v1/Node': ['spec', 'status'],
  'v1/Event': ['involvedObject'],
  'v1/Secret': [],
  'v1/ConfigMap': [],
  'v1/Service': ['spec'],
  'v1/PersistentVolumeClaim': ['spec'],
  'v1/PersistentVolume': ['spec'],
  'apps/v1/Deployment': ['spec', 'spec.template.spec.containers[]'],
  'apps/v1/StatefulSet': ['spec', 'spec.template.spec.containers[]'],
  'apps/v1/DaemonSet': ['spec', 'spec.template.spec.containers[]'],
  'argoproj.io/v1alpha1/Rollout': ['spec'],
  'autoscaling/v2/HorizontalPodAutoscaler': ['spec', 'spec.scaleTargetRef'],
  'keda.sh/v1alpha1/ScaledObject': ['spec', 'spec.scaleTargetRef'],
  'coordination.k8s.io/v1/Lease': ['spec'],
  'discovery.k8s.io/v1/EndpointSlice': [],
  'networking.k8s.io/v1/Ingress': ['spec'],
  'networking.k8s.io/v1/NetworkPolicy': ['spec'],
  'policy/v1/PodDisruptionBudget': ['spec'],
  'v1/ServiceAccount': [],
  'rbac.authorization.k8s.io/v1/ClusterRole': [],
  'rbac.authorization.k8s.io/v1/Role': [],
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': ['roleRef'],
  'rbac.authorization.k8s.io/v1/RoleBinding': ['roleRef'],
};

/** Whether an object is of a kind and has what the type of that kind takes for granted. */
export function isOfKind<Kind extends string>(kind: Kind, object: KubeObject): object is ObjectOf<Kind> {
  return kindText(object) === kind && lackOf(kind, object) === null;
}

/** Objects typed as a kind. If one is malformed, none is returned: `unavailable` names it and what it lacks. */
export function ofKind<Kind extends string>(
  kind: Kind,
  { items, unavailable }: { items: readonly KubeObject[]; unavailable?: string },
): { items: ObjectOf<Kind>[]; unavailable?: string } {
  if (unavailable !== undefined) return { items: [], unavailable };
  const found: ObjectOf<Kind>[] = [];
  for (const object of items) {
    if (!isOfKind(kind, object)) return { items: [], unavailable: `malformed: ${troubleOf(kind, object)}` };
    found.push(object);
  }
  return { items: found };
}

/** Why an object does not fit a kind, in a sentence. */
export function troubleOf(kind: string, object: KubeObject): string {
  const { namespace, name } = object.metadata;
  const lack = kindText(object) === kind ? lackOf(kind, object) : null;
  const what = lack === null ? `is a ${kindText(object)}` : `has no ${lack.replace('[]', '')}`;
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} ${what}`;
}

/** The first path that an object of the kind must have and this one has not; null: it has them all. */
function lackOf(kind: string, object: KubeObject): string | null {
  const required = isKnown(kind) ? REQUIRED[kind] : [];
  return required.find((path) => !has(object, path)) ?? null;
}

function isKnown(kind: string): kind is keyof ObjectsByKind {
  return Object.hasOwn(REQUIRED, kind);
}

function has(object: KubeObject, path: string): boolean {
  let at: unknown = object;
  for (const step of path.replace('[]', '').split('.')) {
    if (!isRecord(at)) return false;
    at = at[step];
  }
  return path.endsWith('[]') ? Array.isArray(at) : isRecord(at);
}
