/** The declared pools of nodes. */
import { check } from '../harness/check.ts';
import { recordEvidence } from './evidence.ts';
import { conditionTrue } from './shapes.ts';
import type { NodeObject } from './shapes.ts';

const PRESSURE = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

check('topology/nodes/pools', async (ctx) => {
  const nodes = ((await ctx.step('list the nodes', () => ctx.cluster.items({ kind: 'v1/Node' }))) ??
    []) as NodeObject[];
  for (const node of nodes) {
    const { conditions } = node.status;
    ctx.record('node', {
      name: node.metadata.name,
      labels: node.metadata.labels ?? {},
      taints: node.spec.taints ?? [],
      ready: conditionTrue(conditions, 'Ready'),
      unschedulable: node.spec.unschedulable ?? false,
      pressure: PRESSURE.filter((type) => conditionTrue(conditions, type)),
    });
  }
  await recordEvidence(
    ctx,
    nodes.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
  );
});
