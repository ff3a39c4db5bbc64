/** Objects of made-up clusters, in as few words as a draft reads of them. */
import type { Stood } from './api-server.ts';

type Labels = Readonly<Record<string, string>>;

export function node(
  name: string,
  labels: Labels,
  more: { taints?: object[]; allocatable?: Labels } = {},
): Stood {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/os': 'linux', ...labels } },
    spec: { taints: more.taints ?? [] },
    status: { allocatable: { cpu: '4', memory: '8Gi', ...more.allocatable }, images: [{ names: ['i'] }] },
  };
}

export function namespace(name: string): Stood {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export interface Shape {
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout';
  /** `namespace/name` */
  at: string;
  image: string;
  replicas?: number;
  ports?: Readonly<Record<string, number>>;
  labels?: Labels;
  /** Path at which a claim of each pod is mounted, by the name of its template. */
  data?: Readonly<Record<string, string>>;
  className?: string;
  /** Names of Secrets that are mounted. */
  secrets?: readonly string[];
  /** Paths of the node that are mounted. */
  nodePaths?: readonly string[];
  /** Path at which an empty folder is mounted, by the name of its volume. */
  empty?: Readonly<Record<string, string>>;
  nodeSelector?: Labels;
  runtimeClassName?: string;
  /** Further containers, as name and image. */
  beside?: Readonly<Record<string, string>>;
  limits?: Labels;
  owner?: { kind: string; name: string };
  container?: string;
  /** Labels of single pods, such as their role. */
  roles?: readonly Labels[];
  /** Containers that a webhook puts into each pod, as name and image; init containers. */
  injected?: Readonly<Record<string, string>>;
  injectedFirst?: Readonly<Record<string, string>>;
}

const CLASS = 'fast';

/** A workload, its pods, and their claims with the volumes behind them. */
export function workload(of: Shape): Stood[] {
  const { kind, at, replicas = 1, owner } = of;
  const [namespaced = '', name = ''] = at.split('/');
  const labels = of.labels ?? { 'app.kubernetes.io/name': name };
  const spec = specOf(of, name);
  const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
  const object: Stood = {
    apiVersion: kind === 'Rollout' ? 'argoproj.io/v1alpha1' : 'apps/v1',
    kind,
    metadata: {
      namespace: namespaced,
      name,
      ...(owner !== undefined && { ownerReferences: [{ ...owner, uid: 'o', controller: true }] }),
    },
    spec: {
      ...(kind !== 'DaemonSet' && { replicas }),
      template: { metadata: { labels }, spec },
      volumeClaimTemplates: Object.keys(of.data ?? {}).map((claim) => ({ metadata: { name: claim } })),
    },
    status: { readyReplicas: replicas, desiredNumberScheduled: replicas, numberReady: replicas },
  };
  const { hash, ...ofSet } = owning(kind, name);
  const pods = ordinals.map((ordinal) =>
    pod({
      namespace: namespaced,
      name: `${name}-${ordinal}`,
      spec: ofPod(spec, of, `${name}-${ordinal}`),
      owner: { ...ofSet, uid: 'u', controller: true },
      labels: { ...labels, ...of.roles?.[ordinal], ...hash },
    }),
  );
  return [
    object,
    ...pods,
    ...ordinals.flatMap((one) => claimsOf(of, { namespace: namespaced, name, at: one })),
  ];
}

/** What owns the pods of a workload, and the label that a ReplicaSet gives them. */
function owning(kind: Shape['kind'], name: string): { kind: string; name: string; hash: Labels } {
  const hash = 'abcdef1234';
  const label = { Deployment: 'pod-template-hash', Rollout: 'rollouts-pod-template-hash' };
  if (kind !== 'Deployment' && kind !== 'Rollout') return { kind, name, hash: {} };
  return { kind: 'ReplicaSet', name: `${name}-${hash}`, hash: { [label[kind]]: hash } };
}

interface PodSpec {
  containers: readonly { name: string; image: string }[];
  volumes: readonly object[];
  [field: string]: unknown;
}

function specOf(of: Shape, name: string): PodSpec {
  const { image, container, data = {}, empty = {}, secrets = [], nodePaths = [] } = of;
  const server = {
    name: container ?? name,
    image,
    ports: Object.entries(of.ports ?? {}).map(([port, containerPort]) => ({ name: port, containerPort })),
    env: [{ name: 'PASSWORD', value: 'in-plain-text' }],
    resources: { limits: of.limits ?? {} },
    volumeMounts: Object.entries({ ...data, ...empty }).map(([volume, mountPath]) => ({
      name: volume,
      mountPath,
    })),
  };
  const { nodeSelector, runtimeClassName } = of;
  return {
    containers: [server, ...containersOf(of.beside)],
    volumes: [
      ...secrets.map((secretName) => ({ name: secretName, secret: { secretName } })),
      ...nodePaths.map((path, at) => ({ name: `node-${at}`, hostPath: { path } })),
      ...Object.keys(empty).map((volume) => ({ name: volume, emptyDir: {} })),
    ],
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(runtimeClassName !== undefined && { runtimeClassName }),
  };
}

function containersOf(images: Readonly<Record<string, string>> = {}): { name: string; image: string }[] {
  return Object.entries(images).map(([name, image]) => ({ name, image }));
}

/** With its claims, and with what a webhook puts in: that takes the place of a container of the same name. */
function ofPod(
  spec: PodSpec,
  { data = {}, injected = {}, injectedFirst = {} }: Shape,
  name: string,
): PodSpec {
  const claims = Object.keys(data).map((claim) => ({
    name: claim,
    persistentVolumeClaim: { claimName: `${claim}-${name}` },
  }));
  return {
    ...spec,
    containers: [
      ...spec.containers.filter((one) => injected[one.name] === undefined),
      ...containersOf(injected),
    ],
    initContainers: containersOf(injectedFirst),
    volumes: [...spec.volumes, ...claims],
  };
}

export function pod(of: {
  namespace: string;
  name: string;
  labels?: Labels;
  owner?: object;
  spec: object;
}): Stood {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: of.spec,
    status: { phase: 'Running' },
    metadata: {
      namespace: of.namespace,
      name: of.name,
      labels: of.labels ?? {},
      ...(of.owner !== undefined && { ownerReferences: [of.owner] }),
    },
  };
}

function claimsOf(
  { data = {}, className = CLASS }: Shape,
  { namespace: namespaced, name, at }: { namespace: string; name: string; at: number },
): Stood[] {
  return Object.keys(data).flatMap((template): Stood[] => {
    const claim = `${template}-${name}-${at}`;
    return [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace: namespaced, name: claim },
        spec: { storageClassName: className, volumeName: `pv-${namespaced}-${claim}` },
        status: { phase: 'Bound' },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `pv-${namespaced}-${claim}` },
        spec: { csi: { driver: 'csi.example.com' } },
      },
    ];
  });
}

interface ServiceShape {
  /** `namespace/name` */
  at: string;
  ports: Readonly<Record<string, number>>;
  /** By the usual label of its own name when left out. */
  selector?: Labels;
  clusterIP?: string;
}

export function service({ at, ports, selector, clusterIP = '10.96.0.10' }: ServiceShape): Stood {
  const name = at.split('/')[1] ?? '';
  return objectAt('v1', 'Service', at, {
    clusterIP,
    selector: selector ?? { 'app.kubernetes.io/name': name },
    ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number })),
  });
}

/** Any object with a spec. @param at `namespace/name` */
export function objectAt(apiVersion: string, kind: string, at: string, spec: object): Stood {
  const [namespaced = '', name = ''] = at.split('/');
  return { apiVersion, kind, metadata: { namespace: namespaced, name }, spec };
}

/** A pod of kubelet's own, in kube-system. */
export function staticPod(component: string, at: string): Stood {
  return pod({
    namespace: 'kube-system',
    name: `${component}-${at}`,
    labels: { component, tier: 'control-plane' },
    owner: { kind: 'Node', name: at, uid: 'u', controller: true },
    spec: { containers: [] },
  });
}

/** Few words for objects that a cluster has many of, as `objects.yaml` in a folder of `accepted` has them. */
interface Short {
  kind?: never;
  namespaces?: readonly string[];
  nodes?: { names: readonly string[]; labels: Labels; taints?: object[]; allocatable?: Labels };
  /** Static pods of a control plane, in kube-system: the component, and its nodes. */
  staticPods?: Readonly<Record<string, readonly string[]>>;
  workload?: Shape;
  service?: ServiceShape;
  /** Pods of a kind that is no workload; of nothing, without an owner. */
  pods?: { namespace: string; names: readonly string[]; labels?: Labels; owner?: object; spec?: object };
}

/** An object as it stands, or what few words say. */
export function made(entry: Stood | Short): Stood[] {
  if (entry.kind !== undefined) return [entry];
  const { namespaces = [], nodes, staticPods = {}, pods } = entry;
  return [
    ...namespaces.map(namespace),
    ...(nodes === undefined ? [] : nodes.names.map((name) => node(name, nodes.labels, nodes))),
    ...Object.entries(staticPods).flatMap(([component, on]) => on.map((name) => staticPod(component, name))),
    ...(entry.workload === undefined ? [] : workload(entry.workload)),
    ...(entry.service === undefined ? [] : [service(entry.service)]),
    ...(pods === undefined ? [] : pods.names.map((name) => pod({ spec: { containers: [] }, ...pods, name }))),
  ];
}

interface Templated {
  replicas?: number;
  template?: { metadata?: { labels?: Labels }; spec: object };
}

/** Manifests with the pods that their StatefulSets and Deployments would have. */
export function withPods(objects: readonly Stood[]): Stood[] {
  const pods = objects
    .filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
    .flatMap(({ kind, metadata, spec }) => {
      const { replicas = 1, template } = spec as Templated;
      const { hash, ...owner } = owning(kind as 'StatefulSet' | 'Deployment', metadata.name);
      return Array.from({ length: replicas }, (_, ordinal) => `${metadata.name}-${ordinal}`).map((name) =>
        pod({
          namespace: metadata.namespace ?? '',
          name,
          spec: template?.spec ?? {},
          owner: { ...owner, uid: 'u', controller: true },
          labels: { ...template?.metadata?.labels, ...hash, 'statefulset.kubernetes.io/pod-name': name },
        }),
      );
    });
  return [...objects, ...structuredClone(pods)];
}

interface Running {
  spec: { containers?: { name: string }[]; initContainers?: { name: string }[]; replicas?: number };
  status?: { desiredNumberScheduled?: number };
}

/** The same with everything as it is while nothing is wrong: nodes and pods Ready, all replicas up to date. */
export function healthy(objects: readonly Stood[]): Stood[] {
  return objects.map((one) => {
    const { spec, status = {} } = one as Stood & Running;
    if (one.kind === 'Node')
      return { ...one, status: { ...status, conditions: [{ type: 'Ready', status: 'True' }] } };
    if (one.kind === 'Pod') {
      const started = ({ name }: { name: string }) => ({ name, ready: true, restartCount: 0, imageID: 'i' });
      const containerStatuses = (spec.containers ?? []).map(started);
      const initContainerStatuses = (spec.initContainers ?? []).map(started);
      const metadata = { ...one.metadata, creationTimestamp: '2026-01-01T00:00:00Z' };
      return { ...one, metadata, status: { ...status, containerStatuses, initContainerStatuses } };
    }
    if (!['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'].includes(one.kind)) return one;
    const count = spec.replicas ?? status.desiredNumberScheduled ?? 0;
    const ready = { readyReplicas: count, updatedReplicas: count, replicas: count };
    const scheduled = { numberReady: count, updatedNumberScheduled: count };
    return { ...one, status: { ...status, ...ready, ...scheduled, observedGeneration: 1 } };
  });
}
