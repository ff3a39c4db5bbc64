import { isOfKind } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import { byTime, timeOf } from './events.ts';
import type { PodObject } from './shapes.ts';

/**
 * The whole suite may make 100 API calls, even if everything fails. So all checks share one list of events, and each check reads
 * the log of one pod.
 */
const LOGS_PER_CHECK = 1;
const EVENTS_PER_CHECK = 10;
const LOG_LINES = 20;

/** Records the latest events of the objects and the end of the log of the first pod, for the people who read the report. */
export async function recordEvidence(ctx: CheckContext, troubled: readonly KubeObject[]): Promise<void> {
  if (troubled.length === 0) return;
  await ctx.step('collect events and logs of objects in trouble', async () => {
    await recordEvents(ctx, troubled);
    const pods = troubled.filter((object) => isOfKind('v1/Pod', object));
    for (const pod of pods.slice(0, LOGS_PER_CHECK)) await recordLog(ctx, pod);
  });
}

async function recordEvents(ctx: CheckContext, troubled: readonly KubeObject[]): Promise<void> {
  const names = new Set(troubled.map((object) => `${object.kind}/${object.metadata.name}`));
  const { items } = await ctx.cluster.list({ kind: 'v1/Event' });
  const events = items.filter(({ involvedObject: { kind = '', name = '' } }) => names.has(`${kind}/${name}`));
  events.sort((a, b) => byTime(b, a));
  for (const event of events.slice(0, EVENTS_PER_CHECK)) {
    const { kind = '', namespace, name = '' } = event.involvedObject;
    const source = `event ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    ctx.record('evidence', {
      source,
      text: `${event.reason ?? ''}: ${event.message ?? ''}`,
      at: timeOf(event),
    });
  }
}

async function recordLog(ctx: CheckContext, pod: PodObject): Promise<void> {
  const namespace = pod.metadata.namespace ?? 'default';
  const container = pod.spec.containers[0]?.name;
  const source = `logs ${namespace}/${pod.metadata.name}`;
  const where = {
    namespace,
    pod: pod.metadata.name,
    ...(container !== undefined && { container }),
    tailLines: LOG_LINES,
  };
  // A pod that never started has no log; that is no finding of its own.
  const text = await ctx.cluster.logs(where).catch((error: unknown) => `no log: ${String(error)}`);
  // The runner takes secrets out of it: it knows those that are to be taken out first.
  ctx.record('evidence', { source, text });
}
