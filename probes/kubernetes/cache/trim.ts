import { z } from 'zod';
import { isRecord, recordsIn } from '../../../reports/record/is-record.ts';
import type { KubeObject } from '../types.ts';

/** Annotations that repeat the whole object. */
const REPEATS = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Drops in place what no check declares that it reads: annotations that repeat the object, image lists of nodes, environment variables
 * of pods (which may also hold secrets). For 10,000 pods this saves 190 of 250 MB.
 */
export function trim(object: KubeObject): KubeObject {
  const metadata = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
    selfLink?: unknown;
  };
  delete metadata.managedFields;
  delete metadata.selfLink;
  if (metadata.annotations?.[REPEATS] !== undefined) {
    metadata.annotations = Object.fromEntries(
      Object.entries(metadata.annotations).filter(([name]) => name !== REPEATS),
    );
  }
  if (object.kind === 'Node') trimNode(object);
  if (object.kind === 'Pod') trimPod(object);
  return object;
}

function trimNode(node: KubeObject): void {
  const { status } = node;
  if (isRecord(status)) delete status['images'];
}

/** What a pod's spec and its containers repeat from their owner's template, or what only the scheduler and kubelet need. */
const DROPPED = [
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'securityContext',
  'env',
  'envFrom',
  'lifecycle',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'resources',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'volumeMounts',
] as const;
/** A field of pods that is kept only if the definition of a check names it. `env` never is, because it may hold secrets. */
export type PodField = Exclude<(typeof DROPPED)[number], 'env' | 'envFrom'>;

const kept = new Set<string>();

/** Keeps fields that a check reads. To be called before the first object is cached. */
export function keepPodFields(fields: readonly PodField[]): void {
  for (const field of fields) kept.add(field);
}

/** A kept field. @throws Error if the field is not kept: its absence would say nothing, and a check might take it for an answer */
export function podField(of: object, field: PodField): unknown {
  if (!kept.has(field))
    throw new Error(`${field} of pods is not kept: name it in podFields of the check's definition`);
  return Reflect.get(of, field);
}

function trimPod(pod: KubeObject): void {
  const { spec } = pod;
  if (!isRecord(spec)) return;
  if (spec['nodeName'] === undefined) keepDesiredNode(spec);
  for (const part of [spec, ...recordsIn(spec['containers']), ...recordsIn(spec['initContainers'])])
    drop(part);
  spec['volumes'] = recordsIn(spec['volumes']).map(sourceOf);
}

/** Of a volume only its name and what it is, and of a claim all; what a Secret or ConfigMap brings in is left out. */
function sourceOf(volume: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(volume).map(([key, value]) => [
      key,
      key === 'name' || key === 'persistentVolumeClaim' ? value : {},
    ]),
  );
}

/** Keeps the only node that the affinity allows by its name: so a DaemonSet says where its pod must run. */
function keepDesiredNode(spec: Record<string, unknown>): void {
  const found = toOneNode.safeParse(spec['affinity']);
  if (!found.success) return;
  const [term] = found.data.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
  spec['desiredNode'] = term.matchFields[0].values[0];
}

const matchFields = z.tuple([
  z.object({ key: z.literal('metadata.name'), operator: z.literal('In'), values: z.tuple([z.string()]) }),
]);
const toOneNode = z.object({
  nodeAffinity: z.object({
    requiredDuringSchedulingIgnoredDuringExecution: z.object({
      nodeSelectorTerms: z.tuple([z.object({ matchFields })]),
    }),
  }),
});

function drop(from: Record<string, unknown>): void {
  for (const field of DROPPED) if (!kept.has(field)) Reflect.deleteProperty(from, field);
}
