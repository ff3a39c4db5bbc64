import { listNodes, setting } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import { conditionTrue, hasLabels } from '../../_objects/shapes.ts';
import type { NodeObject } from '../../_objects/shapes.ts';
import { matches } from '../../../../reports/judge/topology/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';

const PRESSURE = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

/** Taints of Kubernetes itself (not-ready, unschedulable …) are left out: the conditions say the same. */
const OWN_TAINTS = 'node.kubernetes.io/';

export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  for (const node of nodes) recordNode(ctx, node);
  await recordEvidence(
    ctx,
    nodes.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
  );
}

/** Whether the key is that of a taint that comes and goes; `*` stands for any text. */
function isPassing(ctx: CheckContext, key: string): boolean {
  return (setting(ctx, 'nodes')?.passingTaints ?? []).some((glob) => matches(glob, key));
}

function recordNode(ctx: CheckContext, { metadata, spec, status }: NodeObject): void {
  const pools = setting(ctx, 'pools') ?? [];
  const keys = new Set(pools.flatMap(({ labels }) => Object.keys(labels)));
  const inPool = pools.some(({ labels }) => hasLabels(labels, metadata.labels));
  const declarable = (spec.taints ?? []).filter(({ key }) => !key.startsWith(OWN_TAINTS));
  const taints = declarable.filter(({ key }) => !isPassing(ctx, key));
  // One that only asks the scheduler to prefer other nodes is on nodes that serve, too.
  const passing = declarable.filter(
    ({ key, effect }) => effect !== 'PreferNoSchedule' && isPassing(ctx, key),
  );
  ctx.record('node', {
    name: metadata.name,
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => keys.has(key))),
    taints: inPool
      ? taints.map(({ key, value, effect }) => ({ key, value: value === undefined ? null : value, effect }))
      : null,
    ready: conditionTrue(status.conditions, 'Ready'),
    ...(passing.length > 0 && { passing: passing.map(({ key }) => key) }),
    unschedulable: spec.unschedulable ?? false,
    pressure: PRESSURE.filter((type) => conditionTrue(status.conditions, type)),
  });
}
