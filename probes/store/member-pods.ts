import { memberNamespace, memberSets } from '../../reports/record/facts/store-pods.ts';
import type { PodsDeclared } from '../../reports/record/facts/store-pods.ts';
import { selects } from '../kubernetes/label-selector.ts';
import type { PodObject } from '../kubernetes/objects.ts';

/** Whether a pod is a member of the store as declared: of one of its StatefulSets, or by its labels, and then not one that has ended. */
export function isMemberPod(pod: PodObject, declared: PodsDeclared): boolean {
  const { metadata } = pod;
  if (metadata.namespace !== memberNamespace(declared)) return false;
  if (declared.pods !== undefined)
    return !hasEnded(pod) && selects({ matchLabels: declared.pods.labels }, metadata.labels);
  const sets = memberSets(declared).map(({ name }) => name);
  return (metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'StatefulSet' && sets.includes(name),
  );
}

/** Phases of pods that stay listed although nothing runs in them. A StatefulSet replaces such a pod, others leave it. */
const ENDED = ['Succeeded', 'Failed'];

/** Whether a pod is over for good, such as one that was evicted: it holds no place on a node, and is none of the replicas any more. */
export function hasEnded({ status }: Pick<PodObject, 'status'>): boolean {
  return ENDED.includes(status.phase ?? '');
}
