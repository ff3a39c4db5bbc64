import type { CheckContext } from '../../harness/context.ts';
import { conditionTrue, ownerOf } from '../../topology/_objects/shapes.ts';
import { settingsOf } from './settings.ts';

/** Records which nodes have a ready shipper: the first thing to know when a node's lines are lost. */
export async function recordShippers(ctx: CheckContext): Promise<void> {
  const shipper = settingsOf(ctx).telemetry.logs?.shipper?.daemonSet;
  if (shipper === undefined) return;
  // For people only: the count of lines does not depend on this list.
  const { items } = await ctx.cluster.list({ kind: 'v1/Pod', namespace: shipper.namespace });
  for (const pod of items) {
    const owner = ownerOf(pod);
    if (owner.kind !== 'DaemonSet' || owner.name !== shipper.name) continue;
    const ready = conditionTrue(pod.status.conditions, 'Ready');
    ctx.record('shipper', { node: pod.spec.nodeName ?? '', pod: pod.metadata.name, ready });
  }
}
