/** Deletes the objects of a load, and waits until they are gone. */
import { lookUntil } from '../../../host/wait.ts';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { unavailableText } from '../../../probes/kubernetes/errors.ts';
import type { ObjectRef } from '../../../probes/kubernetes/types.ts';
import type { Objects } from './objects.ts';

const textOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace ?? ''}/${name}`;

/** The pods that still exist. Pods, Jobs and Services are owned by the TestRun, so Kubernetes deletes them after it. */
async function podsLeft(client: KubeClient, namespace: string, name: string): Promise<string[]> {
  const { items } = await client.list('v1/Pod', { namespace, labels: { k6_cr: name } });
  return items.map(({ metadata }) => `Pod ${namespace}/${metadata.name}`);
}

/**
 * Deletes in reverse order of creation, and continues after an error. It has its own deadline: the signal that ended the load does not
 * end the clean-up.
 * @returns what still exists at the deadline, with the reason; empty: everything is gone
 */
export async function cleanUp(
  { client, objects }: { client: KubeClient; objects: Objects },
  made: readonly ObjectRef[],
  { cleanUpMs, pollMs }: { cleanUpMs: number; pollMs: number },
): Promise<string[]> {
  let left = [...made].reverse();
  /** Objects whose deletion was accepted. It is not sent again: it could delete a new object of the same name. */
  const going = new Set<ObjectRef>();
  const look = async (): Promise<string[]> => {
    const problems: string[] = [];
    const still: ObjectRef[] = [];
    for (const ref of left) {
      try {
        if (!going.has(ref)) await objects.remove(ref);
        going.add(ref);
        if ((await client.get(ref)) !== null) still.push(ref);
      } catch (error) {
        still.push(ref);
        problems.push(unavailableText(error));
      }
    }
    left = still;
    const pods = await Promise.all(
      made
        .filter(({ kind }) => kind === 'TestRun')
        .map(({ namespace = '', name }) => podsLeft(client, namespace, name).catch(() => [])),
    );
    const why = problems.length === 0 ? '' : ` (${problems.join('; ')})`;
    return [...left.map(textOf), ...pods.flat()].map((text, index) => (index === 0 ? `${text}${why}` : text));
  };
  return await lookUntil(look, (there) => there.length === 0, { deadlineMs: cleanUpMs, intervalMs: pollMs });
}
