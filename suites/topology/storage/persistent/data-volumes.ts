import { z } from 'zod';
import { STORE_KINDS } from '../../../../probes/declared-stores.ts';
import type { DeclaredStore, StoreName } from '../../../../probes/declared-stores.ts';
import { isMemberPod } from '../../../../probes/store/member-pods.ts';
import type { ClaimObject, VolumeObject } from '../../../../probes/kubernetes/objects.ts';
import { podField } from '../../../../probes/kubernetes/cache/trim.ts';
import { volumeKind } from '../../../../probes/kubernetes/volume-kinds.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { coversPath } from '../../../../reports/record/names/topology-names.ts';
import { memberSets, podsOfSet } from '../../../../reports/record/facts/store-pods.ts';
import { podsOf } from '../../_objects/declared.ts';
import type { Container, PodContainer, PodObject, Volume, WorkloadObject } from '../../_objects/shapes.ts';

/** A declared workload with its object, or a pod as one of its own. */
interface Holder {
  name: string;
  workload: { kind: string; namespace: string; name: string; store?: StoreName | undefined };
  object: Pick<WorkloadObject, 'spec'> | undefined;
}

const POD = 'Pod';

/** Usual data folders, for workloads of a store that are not its members, such as Sentinels. Members report their own folders. */
function dataFoldersOf(store: string): readonly string[] {
  return STORE_KINDS.find(({ name }) => name === store)?.dataFolders ?? [];
}

/** Sources that bring files in and hold no data. */
const NOT_DATA = new Set(['configMap', 'secret', 'projected', 'downwardAPI']);

export interface Volumes {
  claims: readonly ClaimObject[];
  volumes: readonly VolumeObject[];
  pods: readonly PodObject[];
  /** Data folders by store, as its servers report them, or `ANYWHERE`; empty for a store that was not queried. */
  folders: ReadonlyMap<string, readonly string[]>;
}

/** Records what is mounted around the data of a workload, and every claim of its pods with the volume behind it. */
export function recordStore(ctx: CheckContext, found: Holder, seen: Volumes): void {
  const { object, workload, name } = found;
  if (object === undefined) return;
  const store = workload.store ?? '';
  const paths = isMember(ctx, found) ? (seen.folders.get(store) ?? []) : dataFoldersOf(store);
  const ofStore = workload.kind === POD && { store };
  const first = firstOrdinal(object);
  const numbered = first > 0 && { firstOrdinal: first };
  ctx.record('data-workload', { workload: name, ...ofStore, ...numbered, ...rootsOf(object, paths) });
  for (const mount of dataMounts(object, paths)) ctx.record('data-mount', { workload: name, ...mount });
  for (const claim of claimsOf(found, seen.pods))
    ctx.record('claim', { workload: name, name: claim, ...follow(seen, workload.namespace, claim) });
}

/** The folders of data that may be wherever its container can write. */
export const ANYWHERE: readonly string[] = ['/'];

/** Containers that cannot write to a file system of their own, where that counts. */
function rootsOf(
  { spec }: Pick<WorkloadObject, 'spec'>,
  paths: readonly string[],
): { readOnlyRoots?: string[] } {
  if (paths !== ANYWHERE) return {};
  const found = spec.template.spec.containers.filter((one) => one.securityContext?.readOnlyRootFilesystem);
  return { readOnlyRoots: found.map(({ name }) => name) };
}

/** Whether a workload's pods are the members of its store. */
export function isMember(ctx: CheckContext, { workload }: Holder): boolean {
  if (workload.kind === POD) return true;
  const declared = workload.store === undefined ? undefined : ctx.settings.stores[workload.store];
  return (
    declared !== undefined &&
    memberSets(declared).some(
      ({ namespace, name }) => name === workload.name && namespace === workload.namespace,
    )
  );
}

/** Members that are chosen by labels, each as a workload of its own: whoever owns such a pod need not have a template. */
export function podsByLabels(ctx: CheckContext, pods: readonly PodObject[]): Holder[] {
  return storesByLabels(ctx).flatMap(([store, declared]) =>
    pods.filter((pod) => isMemberPod(pod, declared)).map((pod) => podAsWorkload(store, pod)),
  );
}

/** Stores whose members are chosen by labels, by name. */
export function storesByLabels({ settings }: CheckContext): [StoreName, DeclaredStore][] {
  return STORE_KINDS.flatMap(({ name }): [StoreName, DeclaredStore][] => {
    const declared = settings.stores[name];
    return declared?.pods === undefined ? [] : [[name, declared]];
  });
}

function podAsWorkload(store: StoreName, { metadata, spec }: PodObject): Holder {
  const { namespace = '', name } = metadata;
  return {
    name: `${POD} ${namespace}/${name}`,
    workload: { kind: POD, namespace, name, store },
    object: { spec: { template: { spec: { ...spec, containers: spec.containers.map(withMounts) } } } },
  };
}

const mountsSchema = z.array(z.object({ name: z.string(), mountPath: z.string() }));

function withMounts(container: PodContainer): Container {
  const mounts = mountsSchema.safeParse(podField(container, 'volumeMounts') ?? []);
  return { ...container, ...(mounts.success && { volumeMounts: mounts.data }) };
}

export interface DataMount {
  container: string;
  path: string;
  source: string;
  claim: string | null;
  perReplica: boolean;
}

/** What each container has mounted above, at or below the data. */
export function dataMounts(object: Pick<WorkloadObject, 'spec'>, paths: readonly string[]): DataMount[] {
  const { spec } = object.spec.template;
  const templates = new Set((object.spec.volumeClaimTemplates ?? []).map((one) => one.metadata.name));
  return spec.containers.flatMap((container) =>
    (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
      const near = paths.some((path) => coversPath(mountPath, path) || coversPath(path, mountPath));
      const mounted = mountedAs(
        spec.volumes?.find((one) => one.name === name),
        templates.has(name) ? name : null,
      );
      return near && !NOT_DATA.has(mounted.source)
        ? [{ container: container.name, path: mountPath, ...mounted }]
        : [];
    }),
  );
}

function mountedAs(
  volume: Volume | undefined,
  template: string | null,
): Pick<DataMount, 'source' | 'claim' | 'perReplica'> {
  if (template !== null) return { source: 'persistentVolumeClaim', claim: template, perReplica: true };
  const source = Object.keys(volume ?? {}).find((key) => key !== 'name') ?? 'nothing';
  return { source, claim: volume?.persistentVolumeClaim?.claimName ?? null, perReplica: false };
}

/** The number of a StatefulSet's first pod. */
function firstOrdinal({ spec }: Pick<WorkloadObject, 'spec'>): number {
  return spec.ordinals?.start ?? 0;
}

/** Claims that the StatefulSet's replicas must have, and those that its pods do have. */
function claimsOf(found: Holder, pods: readonly PodObject[]): Set<string> {
  const { object, workload } = found;
  const members = object?.spec.replicas ?? 1;
  const templates = object?.spec.volumeClaimTemplates ?? [];
  const names = object === undefined ? [] : podsOfSet({ name: workload.name, members }, firstOrdinal(object));
  const wanted = templates.flatMap((one) => names.map((pod) => `${one.metadata.name}-${pod}`));
  const used = podsOf(found, pods).flatMap((pod) =>
    (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []),
  );
  return new Set([...wanted, ...used]);
}

function follow(
  seen: Volumes,
  namespace: string,
  name: string,
): { phase: string; className: string; volumeKind: string } {
  const claim = seen.claims.find((one) => one.metadata.name === name && one.metadata.namespace === namespace);
  const { storageClassName = '', volumeName } = claim?.spec ?? {};
  const volume = seen.volumes.find((one) => one.metadata.name === volumeName);
  return {
    phase: claim?.status?.phase ?? '',
    className: storageClassName,
    volumeKind: volume === undefined ? '' : volumeKind(volume),
  };
}
