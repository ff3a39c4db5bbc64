import type { EventObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';

/** An admission webhook may say a page. */
const MAX_CHARS = 400;

/**
 * Why the controller of a DaemonSet could not make its last pod, in the API server's words: the DaemonSet is accepted, and admission or a quota
 * refuses its pods. Null: nobody has refused one, or that could not be read.
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
  const last = items
    .filter(({ involvedObject, reason }) => involvedObject.uid === uid && reason === 'FailedCreate')
    .sort((one, other) => timeOf(one).localeCompare(timeOf(other)))
    .at(-1);
  if (last?.message === undefined) return null;
  return `the pods of DaemonSet ${namespace}/${name} are refused: ${last.message.slice(0, MAX_CHARS)}`;
}

function timeOf({ lastTimestamp, eventTime, metadata }: EventObject): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
