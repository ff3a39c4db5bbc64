/** What of the pool can be seen without a pod of one's own: offers, taints, who runs where. */
import { toleratesAll } from '../../probes/gpu/index.ts';
import type { CheckContext } from '../harness/check.ts';
import { findWorkloads, listPods, podsOf } from '../topology/declared.ts';
import { recordEvidence } from '../topology/evidence.ts';
import type { WorkloadObject } from '../topology/shapes.ts';
import { gpuOf, recordNodes } from './pool.ts';
import type { PoolNode } from './pool.ts';

/** `gpu/allocatable`: what nodes offer, and whether the declared plugin runs on all of them. */
export async function lookAtOffers(ctx: CheckContext): Promise<void> {
  await ctx.step('read what nodes offer', () => recordNodes(ctx));
  const { plugin } = gpuOf(ctx);
  if (plugin === undefined) return;
  await ctx.step('read the device plugin', async () => {
    const sets = (await ctx.cluster.items({ kind: 'apps/v1/DaemonSet' })) as WorkloadObject[] | null;
    const found = sets?.find(
      ({ metadata }) => metadata.namespace === plugin.namespace && metadata.name === plugin.name,
    );
    if (found === undefined) return;
    const { desiredNumberScheduled = 0, numberReady = 0 } = found.status;
    ctx.record('gpu-plugin', { ready: numberReady, wanted: desiredNumberScheduled });
    if (numberReady < desiredNumberScheduled) await recordEvidence(ctx, [found]);
  });
}

/** Pods of the declared workloads that ask for devices, and the nodes that they run on. */
export async function recordPlaced(ctx: CheckContext): Promise<void> {
  const workloads = await findWorkloads(ctx, ({ gpu }) => gpu !== undefined);
  if (workloads.length === 0) return;
  const pods = await listPods(ctx);
  if (pods === null) return;
  for (const workload of workloads)
    for (const { metadata, spec } of podsOf(workload, pods))
      if (spec.nodeName !== undefined)
        ctx.record('gpu-placed', {
          pod: `${metadata.namespace ?? ''}/${metadata.name}`,
          node: spec.nodeName,
        });
}

/** Pods that run on the pool and do not tolerate its taints: they were there before, or came past the scheduler. */
export function recordIntruders(ctx: CheckContext, nodes: readonly PoolNode[]): void {
  for (const { node, taints, pods } of nodes) {
    const lasting = taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
    const intruders = pods.filter(({ tolerations }) => !toleratesAll(tolerations, lasting));
    ctx.record('gpu-tenants', { node, pods: pods.length, intruders: intruders.map(({ name }) => name) });
  }
}
