import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import type { Found } from './declared.ts';
import { podsOf } from './declared.ts';
import type { PodObject, Volume, WorkloadObject } from './shapes.ts';

/** Where each server keeps its data, as its own documentation and packages say. */
const DATA_PATHS: Record<string, string[]> = {
  postgres: ['/var/lib/postgresql'],
  redis: ['/data', '/var/lib/redis'],
  rabbitmq: ['/var/lib/rabbitmq'],
  elasticsearch: ['/usr/share/elasticsearch/data', '/var/lib/elasticsearch'],
  neo4j: ['/data', '/var/lib/neo4j'],
};
/** Sources that bring files in and hold no data. */
const NOT_DATA = new Set(['configMap', 'secret', 'projected', 'downwardAPI']);
/** Fields of a PersistentVolume's spec that say what is behind it. */
const VOLUME_KINDS = ['local', 'csi', 'nfs', 'cephfs', 'rbd', 'hostPath'];

export interface Volumes {
  claims: readonly KubeObject[];
  volumes: readonly KubeObject[];
  pods: readonly PodObject[];
}

/** Records what lies under the store's data paths, and every claim of its pods with the volume behind it. */
export function recordStore(ctx: CheckContext, found: Found, seen: Volumes): void {
  if (found.object === undefined) return;
  ctx.record('workload', { workload: found.name });
  const paths = DATA_PATHS[found.workload.store ?? ''] ?? [];
  for (const mount of dataMounts(found.object, paths))
    ctx.record('data-mount', { workload: found.name, ...mount });
  for (const name of claimsOf(found, seen.pods))
    ctx.record('claim', { workload: found.name, name, ...follow(seen, found.workload.namespace, name) });
}

/** What each container has at or below the data paths. */
export function dataMounts(
  object: WorkloadObject,
  paths: readonly string[],
): { container: string; path: string; source: string }[] {
  const { spec } = object.spec.template;
  const templates = new Set((object.spec.volumeClaimTemplates ?? []).map((one) => one.metadata.name));
  return spec.containers.flatMap((container) =>
    (container.volumeMounts ?? []).flatMap((mount) => {
      const source = templates.has(mount.name)
        ? 'persistentVolumeClaim'
        : sourceOf(spec.volumes?.find((one) => one.name === mount.name));
      const isData = paths.some((path) => mount.mountPath === path || mount.mountPath.startsWith(`${path}/`));
      return isData && !NOT_DATA.has(source)
        ? [{ container: container.name, path: mount.mountPath, source }]
        : [];
    }),
  );
}

function sourceOf(volume: Volume | undefined): string {
  return Object.keys(volume ?? {}).find((key) => key !== 'name') ?? 'nothing';
}

/** Claims that the StatefulSet's replicas must have, and those that its pods do have. */
function claimsOf(found: Found, pods: readonly PodObject[]): Set<string> {
  const { object, workload } = found;
  const replicas = object?.spec.replicas ?? 1;
  const templates = object?.spec.volumeClaimTemplates ?? [];
  const wanted = templates.flatMap((one) =>
    Array.from({ length: replicas }, (_, i) => `${one.metadata.name}-${workload.name}-${i}`),
  );
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
  const spec = (claim?.spec ?? {}) as { storageClassName?: string; volumeName?: string };
  const volume = seen.volumes.find((one) => one.metadata.name === spec.volumeName);
  return {
    phase: (claim?.status as { phase?: string } | undefined)?.phase ?? '',
    className: spec.storageClassName ?? '',
    volumeKind: VOLUME_KINDS.find((kind) => kind in ((volume?.spec ?? {}) as Record<string, unknown>)) ?? '',
  };
}
