import type { KubeObject } from './types.ts';

/** Annotations that repeat the whole object. */
const REPEATS = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Drops, in place, what no check reads: bookkeeping that repeats the object, the image lists of nodes, the environment
 * variables of pods (which may hold secrets too). On 10,000 pods this is the difference between 250 MB and 60 MB.
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
  const status = node.status as { images?: unknown } | undefined;
  if (status !== undefined) delete status.images;
}

interface PodSpec {
  containers?: { env?: unknown; envFrom?: unknown }[];
  initContainers?: { env?: unknown; envFrom?: unknown }[];
}

function trimPod(pod: KubeObject): void {
  const spec = pod.spec as PodSpec | undefined;
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
    delete container.env;
    delete container.envFrom;
  }
}
