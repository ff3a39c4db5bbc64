import { memberNamespace, memberSets } from '../../reports/record/store-pods.ts';
import type { PodsDeclared } from '../../reports/record/store-pods.ts';
import type { PodObject } from '../kubernetes/objects.ts';

/** Whether a pod is a member of the store as declared: of one of its StatefulSets, or by its labels, and then not one that has ended. */
export function isMemberPod({ metadata, status }: PodObject, declared: PodsDeclared): boolean {
  if (metadata.namespace !== memberNamespace(declared)) return false;
  if (declared.pods !== undefined)
    return !ENDED.includes(status.phase ?? '') && hasAll(declared.pods.labels, metadata.labels);
  const sets = memberSets(declared).map(({ name }) => name);
  return (metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'StatefulSet' && sets.includes(name),
  );
}

/** Phases of pods that stay listed although nothing runs in them. A StatefulSet replaces such a pod, others leave it. */
const ENDED = ['Succeeded', 'Failed'];

function hasAll(
  wanted: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
