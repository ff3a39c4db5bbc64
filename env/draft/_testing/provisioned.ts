/** The objects of a platform that Plumbline provisions itself, as its cluster has them once they are applied: with nodes, pods, claims and volumes. */
import type { InstanceName } from '../../local/nodes/addressing.ts';
import { contextWith, imageSet } from '../../local/platform/_testing/platform.ts';
import { platformObjects } from '../../local/platform/index.ts';
import { STORES } from '../../schema.ts';
import type { PartName } from '../../schema.ts';
import type { Stood } from './api-server.ts';
import { node, objectAt, staticPod, withPods } from './objects.ts';

interface Claiming {
  replicas?: number;
  volumeClaimTemplates?: { metadata: { name: string }; spec: { storageClassName: string } }[];
}

/** With every store, what comes with them, and these parts. */
export function clusterOf(instance: InstanceName, ...parts: PartName[]): Stood[] {
  const words: string[] = [...STORES, ...parts];
  const objects = platformObjects(
    contextWith(words, instance, imageSet(instance, words)),
  ) as unknown as Stood[];
  const own = objects.filter(({ kind }) => kind !== 'Node').map(scheduled);
  return [...withPods(own), ...own.flatMap(claimsOf), ...NODES];
}

/** Those of the rehearsal: a control plane, three that carry the platform, two of which have devices, and two of another team, of which one has no kubelet. */
const NODES: readonly Stood[] = [
  node('control-1', { 'node-role.kubernetes.io/control-plane': '' }),
  staticPod('etcd', 'control-1'),
  node('worker-1', { 'plumbline.dev/pool': 'general' }),
  ...['worker-2', 'worker-3'].map((name) => node(name, { 'plumbline.dev/pool': 'accelerated' })),
  node(
    'burst-1',
    { 'nodes.example/pool': 'burst' },
    { taints: [{ key: 'nodes.example/starting', effect: 'NoSchedule' }] },
  ),
  node(
    'burst-2',
    { 'nodes.example/pool': 'burst' },
    { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] },
  ),
];

/** A DaemonSet with a pod on each node that its selector takes and that has a kubelet. */
function scheduled(object: Stood): Stood {
  if (object.kind !== 'DaemonSet') return object;
  const { template } = object['spec'] as { template: { spec: { nodeSelector?: Record<string, string> } } };
  const wanted = Object.entries(template.spec.nodeSelector ?? {});
  const taken = NODES.filter(
    ({ kind, metadata: { name, labels = {} } }) =>
      kind === 'Node' &&
      name !== 'burst-2' &&
      wanted.every(([key, value]) => (labels as Record<string, string>)[key] === value),
  );
  return { ...object, status: { desiredNumberScheduled: taken.length } };
}

/** What the API server makes of a template of claims, on the volume that the provisioner of this machine makes. */
function claimsOf({ kind, metadata: { namespace = '', name }, spec }: Stood): Stood[] {
  if (kind !== 'StatefulSet') return [];
  const { replicas = 1, volumeClaimTemplates = [] } = spec as Claiming;
  const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
  return volumeClaimTemplates.flatMap(({ metadata, spec: { storageClassName } }) =>
    ordinals.flatMap((ordinal): Stood[] => {
      const claim = `${metadata.name}-${name}-${ordinal}`;
      const volumeName = `pvc-${namespace}-${claim}`;
      return [
        objectAt('v1', 'PersistentVolumeClaim', `${namespace}/${claim}`, { storageClassName, volumeName }),
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: volumeName },
          spec: { local: { path: '/var' } },
        },
      ];
    }),
  );
}
