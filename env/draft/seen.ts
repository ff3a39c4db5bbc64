/** What runs in a cluster, as sets of pods: workloads with their pods, and pods that something else owns. */
import type { SeenSet } from '../../probes/store/recognising.ts';
import type { PodObject, WorkloadObject } from '../../probes/kubernetes/objects.ts';
import { asWorkload, controllerOf, countsOf, ownerOf, ROLLOUT } from '../../probes/kubernetes/workloads.ts';
import { isInjected, nameOf } from '../../reports/record/names/topology-names.ts';
import type { Listing } from './listing.ts';

export interface SeenWorkload {
  /** `Deployment shop/api` */
  name: string;
  object: WorkloadObject;
  set: SeenSet;
  pods: readonly PodObject[];
}

export interface Seen {
  listing: Listing;
  /** Workloads of every namespace, by namespace and name. */
  workloads: readonly SeenWorkload[];
  /** Workloads and, as sets of their own, pods that a resource of an operator owns. */
  sets: readonly SeenSet[];
  /** Pods by what owns them, as `nameOf` names it. */
  podsByOwner: ReadonlyMap<string, readonly PodObject[]>;
  /** Namespaces in which something runs. */
  used: ReadonlySet<string>;
}

/** Owners of pods that are no resource of an operator: workloads, what comes and goes, and the kubelet. */
const USUAL = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Pod', 'Node'];

export function seenIn(listing: Listing): Seen {
  const { objects } = listing;
  const podsByOwner = Map.groupBy(objects['v1/Pod'], (pod) =>
    nameOf({ ...ownerOf(pod), namespace: pod.metadata.namespace ?? '' }),
  );
  const workloads = [
    ...objects['apps/v1/Deployment'],
    ...objects['apps/v1/StatefulSet'],
    ...objects['apps/v1/DaemonSet'],
    // One whose template is nowhere to be seen is left out.
    ...objects[ROLLOUT].flatMap((one) => asWorkload(one, objects['apps/v1/Deployment']) ?? []),
  ]
    .map((object) => workloadOf(object, podsByOwner))
    .toSorted((a, b) => order(a.object).localeCompare(order(b.object)));
  const known = new Set(workloads.map(({ name }) => name));
  const others = new Map([...podsByOwner].filter(([owner]) => !known.has(owner)));
  const sets = [...workloads.map(({ set }) => set), ...ownedSets(others)];
  const used = new Set(sets.map(({ namespace }) => namespace));
  return { listing, workloads, sets, podsByOwner, used };
}

function order({ kind, metadata }: WorkloadObject): string {
  return `${metadata.namespace ?? ''} ${kind} ${metadata.name}`;
}

function workloadOf(found: WorkloadObject, podsByOwner: Seen['podsByOwner']): SeenWorkload {
  const { kind, metadata } = found;
  const namespace = metadata.namespace ?? '';
  const name = nameOf({ kind, namespace, name: metadata.name });
  const pods = podsByOwner.get(name) ?? [];
  const object = withImages(found, pods);
  const { spec } = object;
  const owner = controllerOf(found);
  return {
    name,
    object,
    pods,
    set: {
      kind,
      namespace,
      name: metadata.name,
      replicas: countsOf(object).wanted,
      labels: spec.template.metadata?.labels ?? {},
      containers: spec.template.spec.containers,
      volumes: spec.template.spec.volumes ?? [],
      pods: pods.map((pod) => pod.metadata.labels ?? {}),
      owner: owner === undefined ? null : { kind: owner.kind, name: owner.name },
    },
  };
}

/** With the images of its pods where its template leaves them to an injector. */
function withImages(object: WorkloadObject, pods: readonly PodObject[]): WorkloadObject {
  const { template } = object.spec;
  const { containers } = template.spec;
  if (!containers.some(({ image }) => isInjected(image))) return object;
  const there = pods.flatMap(({ spec }) => spec.containers);
  const filled = containers.map((one) => {
    const injected = isInjected(one.image) ? there.find(({ name }) => name === one.name) : undefined;
    return injected === undefined ? one : { ...one, image: injected.image };
  });
  const spec = { ...template.spec, containers: filled };
  return { ...object, spec: { ...object.spec, template: { ...template, spec } } };
}

/** Pods of a resource that makes them itself, such as those of CloudNativePG: a set for each. */
function ownedSets(podsByOwner: Seen['podsByOwner']): SeenSet[] {
  return [...podsByOwner.values()].flatMap((pods): SeenSet[] => {
    const [first] = pods;
    if (first === undefined) return [];
    const owner = ownerOf(first);
    if (USUAL.includes(owner.kind)) return [];
    const { namespace = '' } = first.metadata;
    const labels = pods.map((pod) => pod.metadata.labels ?? {});
    return [
      {
        ...owner,
        namespace,
        owner,
        pods: labels,
        replicas: pods.length,
        labels: common(labels),
        containers: first.spec.containers,
        volumes: first.spec.volumes ?? [],
      },
    ];
  });
}

function common([first, ...others]: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const shared = Object.entries(first ?? {}).filter(([key, value]) =>
    others.every((one) => one[key] === value),
  );
  return Object.fromEntries(shared);
}
