/** Deletes what was made, and waits until it is gone. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { unavailableText } from '../../../probes/kubernetes/errors.ts';
import type { ObjectRef } from '../../../probes/kubernetes/types.ts';
import type { Objects } from './objects.ts';

const textOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace ?? ''}/${name}`;

/** Pods, Jobs and Services belong to the TestRun: the cluster collects them when it is gone. */
async function podsLeft(client: KubeClient, namespace: string, name: string): Promise<string[]> {
  const { items } = await client.list('v1/Pod', { namespace, labels: { k6_cr: name } });
  return items.map(({ metadata }) => `Pod ${namespace}/${metadata.name}`);
}

/**
 * Last made, first deleted. It goes on past what fails, and takes a time of its own: the signal that ended the load does not end this.
 * @returns what is still there when the time is up, with the reason; empty when all is gone
 */
export async function cleanUp(
  { client, objects }: { client: KubeClient; objects: Objects },
  made: readonly ObjectRef[],
  { cleanUpMs, pollMs }: { cleanUpMs: number; pollMs: number },
): Promise<string[]> {
  const until = performance.now() + cleanUpMs;
  let left = [...made].reverse();
  /** Whose deletion was accepted: a second order could be taken for that of somebody else's object. */
  const going = new Set<ObjectRef>();
  for (;;) {
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
    if (left.length === 0 && pods.flat().length === 0) return [];
    if (performance.now() + pollMs > until) {
      const why = problems.length === 0 ? '' : ` (${problems.join('; ')})`;
      return [...left.map(textOf), ...pods.flat()].map((text, index) =>
        index === 0 ? `${text}${why}` : text,
      );
    }
    await delay(pollMs);
  }
}
