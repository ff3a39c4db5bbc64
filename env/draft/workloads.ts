/** The workloads of the platform, what else runs beside them, and where their images come from. */
import { below, beside, commentedOut, Noted, open } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { devicesIn } from '../../probes/gpu/recognise.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import type { KubeObject } from '../../probes/kubernetes/kube-object.ts';
import type { AutoscalerObject, RolloutObject, ScaledObjectObject } from '../../probes/kubernetes/objects.ts';
import { resizedBy, ROLLOUT, SCALED_OBJECT } from '../../probes/kubernetes/workloads.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { finds, podLabels } from '../../probes/store/recognising.ts';
import type { SeenSet } from '../../probes/store/recognising.ts';
import { coversPath, isInjected, nameOf, repositoryIn } from '../../reports/record/names/topology-names.ts';
import type { Listing } from './listing.ts';
import { MOST_NODES } from './nodes.ts';
import type { Seen, SeenWorkload } from './seen.ts';
import { classesOf } from './storage.ts';

interface Around {
  seen: Seen;
  namespaces: readonly string[];
  stores: readonly FoundStore[];
  /** The class of data volumes, if there is one. */
  className: string | undefined;
}

export function ofNamespaces({ workloads }: Seen, namespaces: readonly string[]): SeenWorkload[] {
  return workloads.filter(({ set }) => namespaces.includes(set.namespace));
}

/** `topology.workloads` */
export function workloadsDraft(around: Around): Draft {
  const pointing = pointersIn(around.seen.listing);
  return ofNamespaces(around.seen, around.namespaces).map((workload) => entryOf(workload, around, pointing));
}

function entryOf(workload: SeenWorkload, around: Around, pointing: Pointing): Draft {
  const { set } = workload;
  const { replicas, max, by } = replicasOf(workload, pointing);
  const store = storeOf(workload, around);
  const devices = devicesOf(workload);
  const draft: DraftMap = {
    kind: set.kind,
    namespace: set.namespace,
    name: set.name,
    replicas,
    serves: pointing.isServed(set),
    ...(devices > 0 && { gpu: devices }),
    image: imageOf(workload),
    ...store?.draft,
  };
  const notes = [
    store?.label ?? '',
    set.owner === null ? '' : `of ${set.owner.kind} ${set.owner.name}`,
    by,
    pointing.templateOf.get(workload.name) ?? '',
    needsBudget(set, max) && !pointing.hasBudget(set) ? 'no disruption budget' : '',
  ];
  return noted(draft, notes.filter((note) => note !== '').join(', '));
}

/** How many replicas there may be, and what resizes them, in words. */
function replicasOf(
  workload: SeenWorkload,
  { autoscalers, scaledObjects }: Pointing,
): { replicas: Draft; max: number; by: string } {
  const {
    name,
    set: { kind, replicas },
  } = workload;
  const keda = scaledObjects.get(name);
  if (keda !== undefined) {
    const { min, max } = rangeOf(keda);
    return { replicas: { min, max }, max, by: `by the ScaledObject ${keda.metadata.name} of KEDA` };
  }
  const scaled = autoscalers.get(name);
  if (kind === 'DaemonSet') {
    const min = replicas > 0 && takesEveryNode(workload) ? 1 : 0;
    return { replicas: { min, max: MOST_NODES }, max: MOST_NODES, by: 'one on each node that takes it' };
  }
  if (scaled === undefined) return { replicas, max: replicas, by: '' };
  const { min, max } = resizedBy(scaled);
  return { replicas: { min, max }, max, by: `by the autoscaler ${scaled.metadata.name}` };
}

/** The repository of all its containers, or of each by its name but what an injector puts in; undefined: that puts in all of them. */
function imageOf({ object }: SeenWorkload): Draft | undefined {
  const { containers, initContainers = [] } = object.spec.template.spec;
  const all = [...containers, ...initContainers].map(({ name, image }) => [name, repositoryIn(image)]);
  const [first, ...more] = new Set(all.map(([, repository = '']) => repository));
  const known = all.filter(([, repository = '']) => !isInjected(repository));
  if (known.length === 0) return undefined;
  return more.length === 0 ? first : (Object.fromEntries(known) as DraftMap);
}

/** Whether its template asks nothing of a node but its operating system: what runs on some nodes alone has none while these are scaled to none. */
function takesEveryNode({ object }: SeenWorkload): boolean {
  const { nodeSelector = {}, affinity } = object.spec.template.spec;
  return affinity === undefined && Object.keys(nodeSelector).every((key) => key === 'kubernetes.io/os');
}

/** KEDA, "ScaledObject specification": from 0 (or `idleReplicaCount`) to 100 where it says nothing. */
function rangeOf({ spec }: ScaledObjectObject): { min: number; max: number } {
  const { minReplicaCount: min = 0, maxReplicaCount: max = 100, idleReplicaCount: idle = min } = spec;
  return { min: Math.min(min, idle), max };
}

/** As topology/workloads/spread has it. */
function needsBudget({ kind }: SeenSet, max: number): boolean {
  return kind !== 'DaemonSet' && max >= 2;
}

export interface Pointing {
  /** By the name of what they resize. */
  autoscalers: ReadonlyMap<string, AutoscalerObject>;
  /** The same of KEDA, which makes an autoscaler of each. */
  scaledObjects: ReadonlyMap<string, ScaledObjectObject>;
  /** Deployments whose template a Rollout uses, in words. */
  templateOf: ReadonlyMap<string, string>;
  isServed(set: SeenSet): boolean;
  hasBudget(set: SeenSet): boolean;
}

/** What points at workloads: autoscalers by name, Services and disruption budgets by labels. */
export function pointersIn({ objects }: Listing): Pointing {
  const byNamespace = <T extends KubeObject>(list: readonly T[]): Map<string, T[]> =>
    Map.groupBy(list, ({ metadata }) => metadata.namespace ?? '');
  const services = byNamespace(objects['v1/Service']);
  const budgets = byNamespace(objects['policy/v1/PodDisruptionBudget']);
  const autoscalers = objects['autoscaling/v2/HorizontalPodAutoscaler'];
  return {
    autoscalers: new Map(autoscalers.map((one) => [resizedBy(one).workload, one])),
    scaledObjects: new Map(objects[SCALED_OBJECT].map((one) => [resizedByKeda(one), one])),
    templateOf: new Map(objects[ROLLOUT].flatMap(templateIn)),
    isServed: (set: SeenSet): boolean =>
      (services.get(set.namespace) ?? []).some((one) => podLabels(set).some((labels) => finds(one, labels))),
    hasBudget: (set: SeenSet): boolean =>
      (budgets.get(set.namespace) ?? []).some(({ spec }) => selects(spec.selector, set.labels)),
  };
}

/** The workload that a ScaledObject resizes: a Deployment where it says no kind (KEDA, "ScaledObject specification"). */
function resizedByKeda({ metadata, spec: { scaleTargetRef: of } }: ScaledObjectObject): string {
  return nameOf({ kind: of.kind ?? 'Deployment', namespace: metadata.namespace ?? '', name: of.name });
}

function templateIn({ metadata, spec: { workloadRef: of } }: RolloutObject): [string, string][] {
  if (of?.kind === undefined || of.name === undefined) return [];
  const { namespace = '', name } = metadata;
  return [[nameOf({ kind: of.kind, namespace, name: of.name }), `the template of Rollout ${name}`]];
}

/** Behind an entry of one line, above one of several. */
function noted(draft: DraftMap, text: string): Draft {
  if (text === '') return draft;
  return Object.values(draft).some((one) => one instanceof Noted)
    ? below([text], draft)
    : beside(draft, text);
}

function devicesOf({ set }: SeenWorkload): number {
  const counts = set.containers.map(({ resources }) => [...devicesIn(resources?.limits).values()]);
  return counts.flat().reduce((sum, count) => sum + count, 0);
}

/**
 * The store whose data a workload holds. It is declared where its volumes can be judged without asking its servers, for which there is no
 * password yet: claims, of the declared class, and nothing else are mounted around a usual data folder.
 */
function storeOf(
  workload: SeenWorkload,
  { stores, className, seen }: Around,
): { label: string; draft: DraftMap } | null {
  const found = stores.find(({ sets }) => sets.includes(workload.set));
  if (found === undefined) return null;
  const { name, label, dataFolders } = found.recognition;
  const others = found.sets.filter(({ replicas }) => replicas > 0);
  if (workload.set.replicas === 0 && others.length > 0)
    return { label: `${label}, which leaves it out: it is scaled to 0`, draft: {} };
  const why = untold(workload, { dataFolders, className, listing: seen.listing });
  const told = ['with the section of its store', ...(why === null ? [] : [`: until then ${why}`])].join('');
  return { label, draft: { store: why === null ? name : commentedOut([told], name) } };
}

/** Volumes that bring files in and hold no data. */
const NOT_DATA = ['configMap', 'secret', 'projected', 'downwardAPI'];

/** Why the volumes of a store cannot be judged without asking its servers; null: they can. */
function untold(
  workload: SeenWorkload,
  of: { dataFolders: readonly string[]; className: string | undefined; listing: Listing },
): string | null {
  const { spec } = workload.object.spec.template;
  const near = spec.containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .filter(({ mountPath }) =>
      of.dataFolders.some((data) => coversPath(mountPath, data) || coversPath(data, mountPath)),
    )
    .filter(
      ({ name }) =>
        !NOT_DATA.some((kind) => (spec.volumes ?? []).some((one) => one.name === name && kind in one)),
    );
  if (workload.set.replicas === 0) return 'it has no claims: it is scaled to 0';
  if (near.length === 0)
    return `it is not known where its data is (nothing is mounted at ${of.dataFolders.join(', ')})`;
  // What is no claim may hold none of the data: above a claim it is often a cookie's, as the RabbitMQ Cluster Operator has it.
  const unclaimed = near.find(({ name }) => !isClaim(workload, name));
  if (unclaimed !== undefined)
    return `it is not known whether any of its data is at ${unclaimed.mountPath}, where no claim is mounted`;
  const other = classesOf(of.listing, workload).find((name) => name !== of.className);
  return other === undefined ? null : `its volumes are of class ${other || 'none'}`;
}

function isClaim({ object: { spec } }: SeenWorkload, volume: string): boolean {
  const { volumes = [] } = spec.template.spec;
  return (
    (spec.volumeClaimTemplates ?? []).some(({ metadata }) => metadata.name === volume) ||
    volumes.some((one) => one.name === volume && one.persistentVolumeClaim !== undefined)
  );
}

/** `topology.registry`; undefined where no image was seen. */
export function registryDraft(workloads: readonly SeenWorkload[]): Draft | undefined {
  // Webhooks put containers into pods that no template has, such as those of a mesh.
  const images = workloads
    .flatMap(({ object, pods }) => [object.spec.template.spec, ...pods.map(({ spec }) => spec)])
    .flatMap(({ containers, initContainers = [] }) => [...containers, ...initContainers])
    .map(({ image }) => image)
    .filter((image) => !isInjected(image));
  if (images.length === 0) return undefined;
  const prefixes = [...new Set(images.map(prefixOf))].sort();
  const byDigest = images.every((image) => image.includes('@sha256:'));
  return {
    prefixes: below([open('these are in use: are all of them where images may come from?')], prefixes),
    pinned: byDigest ? 'digest' : 'tag',
  };
}

/** Everything up to the last slash; the name alone of an image of a registry that is not named. */
function prefixOf(image: string): string {
  const [path = ''] = image.split('@');
  const cut = path.lastIndexOf('/');
  return cut === -1 ? path.replace(/:[^:]*$/, '') : path.slice(0, cut + 1);
}
