import { controlPods } from '../../_cluster/control-pods.ts';
import { readEtcd } from '../../_cluster/etcd.ts';
import { listNodes, setting } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import { conditionTrue, hasLabels } from '../../_objects/shapes.ts';
import type { CheckContext } from '../../../harness/context.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const declared = setting(ctx, 'controlPlane');
  if (declared === undefined) return;
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  const own = nodes.filter((node) => hasLabels(declared.labels, node.metadata.labels));
  for (const node of own)
    ctx.record('control-node', {
      name: node.metadata.name,
      ready: conditionTrue(node.status.conditions, 'Ready'),
    });

  const etcd = await ctx.step('find the pods of etcd', () => controlPods(ctx, 'etcd'));
  if (etcd.length > 0)
    await ctx.step('ask etcd for its members, their health and their leader', () => readEtcd(ctx, etcd));
  const troubled = [
    ...own.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
    ...etcd.filter((pod) => !conditionTrue(pod.status.conditions, 'Ready')),
  ];
  await recordEvidence(ctx, troubled);
}
