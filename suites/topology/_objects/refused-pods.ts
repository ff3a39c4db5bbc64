import type { EventObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import { byTime, timeOf } from './events.ts';

/** An admission webhook may say a page. */
const MAX_CHARS = 400;

/**
 * Why the controller of a DaemonSet could not make its last pod, in the API server's words: the DaemonSet is accepted, and admission or a quota
 * refuses its pods. Null: nobody has refused one since the last that was made, or that could not be read.
 */
export async function whyNoPods(
  { cluster }: Pick<CheckContext, 'cluster'>,
  { metadata: { name, namespace = '' } }: Pick<KubeObject, 'metadata'>,
): Promise<string | null> {
  // By its UID: events live for an hour, and the last run's DaemonSet had the same name.
  const sets = await cluster.list({ kind: 'apps/v1/DaemonSet', namespace });
  const uid = sets.items.find(({ metadata }) => metadata.name === name)?.metadata.uid;
  if (uid === undefined) return null;
  const { items } = await cluster.list({ kind: 'v1/Event', namespace });
  const lastOf = (wanted: string): EventObject | undefined =>
    items
      .filter(({ involvedObject, reason }) => involvedObject.uid === uid && reason === wanted)
      .sort(byTime)
      .at(-1);
  const last = lastOf('FailedCreate');
  if (last?.message === undefined) return null;
  // Whole seconds: while one node's pod is refused, that of another may be made at the same time.
  const made = lastOf('SuccessfulCreate');
  if (made !== undefined && timeOf(last) < timeOf(made)) return null;
  return `the pods of DaemonSet ${namespace}/${name} are refused: ${last.message.slice(0, MAX_CHARS)}`;
}
