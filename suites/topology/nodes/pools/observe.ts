import { recordLeases } from '../../_cluster/leases.ts';
import { isPassing, listNodes, ownNodes, OWN_TAINTS, setting } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import { isInPool } from '../../../../reports/judge/topology/declared.ts';
import { conditionTrue } from '../../_objects/shapes.ts';
import type { NodeObject } from '../../_objects/shapes.ts';
import type { CheckContext } from '../../../harness/context.ts';

const PRESSURE = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

export async function observe(ctx: CheckContext): Promise<void> {
  await ctx.step('look for signs of life of nodes and controllers', () =>
    recordLeases(ctx, () => readyNodes(ctx)),
  );
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  for (const node of nodes) recordNode(ctx, node);
  await recordEvidence(
    ctx,
    nodes.filter((node) => !conditionTrue(node.status.conditions, 'Ready')),
  );
}

/** Names of those that will be recorded as Ready. */
async function readyNodes(ctx: CheckContext): Promise<string[]> {
  const { items } = await ctx.cluster.list({ kind: 'v1/Node' });
  return ownNodes({ settings: ctx.settings, record: () => undefined }, items)
    .filter(({ status }) => conditionTrue(status.conditions, 'Ready'))
    .map(({ metadata }) => metadata.name);
}

function recordNode(ctx: CheckContext, { metadata, spec, status }: NodeObject): void {
  const pools = setting(ctx, 'pools') ?? [];
  const keys = new Set(
    pools.flatMap(({ labels, withoutLabels }) => [...Object.keys(labels), ...withoutLabels]),
  );
  const inPool = pools.some((pool) => isInPool(metadata.labels ?? {}, pool));
  const taints = (spec.taints ?? []).filter(
    ({ key }) => !key.startsWith(OWN_TAINTS) && !isPassing(key, setting(ctx, 'nodes')),
  );
  ctx.record('node', {
    name: metadata.name,
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => keys.has(key))),
    taints: inPool
      ? taints.map(({ key, value, effect }) => ({ key, value: value === undefined ? null : value, effect }))
      : null,
    ready: conditionTrue(status.conditions, 'Ready'),
    unschedulable: spec.unschedulable ?? false,
    pressure: PRESSURE.filter((type) => conditionTrue(status.conditions, type)),
  });
}
