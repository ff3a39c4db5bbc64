import type { CheckContext } from '../../harness/context.ts';
import { conditionTrue, ownerOf } from '../../topology/_objects/shapes.ts';
import { settingsOf } from './settings.ts';

/** Which node has a shipper that is ready: where lines of a node are lost, that is the first thing to know. */
export async function recordShippers(ctx: CheckContext): Promise<void> {
  const shipper = settingsOf(ctx).telemetry.logs?.shipper?.daemonSet;
  if (shipper === undefined) return;
  // For people: a list that is refused takes nothing from the count of lines.
  const { items } = await ctx.cluster.list({ kind: 'v1/Pod', namespace: shipper.namespace });
  for (const pod of items) {
    const owner = ownerOf(pod);
    if (owner.kind !== 'DaemonSet' || owner.name !== shipper.name) continue;
    const ready = conditionTrue(pod.status.conditions, 'Ready');
    ctx.record('shipper', { node: pod.spec.nodeName ?? '', pod: pod.metadata.name, ready });
  }
}
