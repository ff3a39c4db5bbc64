/** What of the pool can be seen without a pod of one's own: offers, taints, who runs where. */
import { toleratesAll } from '../../probes/gpu/index.ts';
import type { CheckContext } from '../harness/check.ts';
import { findWorkloads, listPods, podsOf } from '../topology/declared.ts';
import { recordEvidence } from '../topology/evidence.ts';
import { conditionTrue, ownerOf } from '../topology/shapes.ts';
import type { PodObject } from '../topology/shapes.ts';
import { gpuOf, recordNodes } from './pool.ts';
import type { PoolNode } from './pool.ts';

/** `gpu/allocatable`: what nodes offer, and whether the declared plugin runs on all of them. */
export async function lookAtOffers(ctx: CheckContext): Promise<void> {
  await ctx.step('read what nodes offer', () => recordNodes(ctx));
  const { plugin } = gpuOf(ctx);
  if (plugin === undefined) return;
  await ctx.step('read the device plugin', async () => {
    const sets = await ctx.cluster.items({ kind: 'apps/v1/DaemonSet' });
    const found = sets?.find(
      ({ metadata }) => metadata.namespace === plugin.namespace && metadata.name === plugin.name,
    );
    const pods = await listPods(ctx);
    if (found === undefined || pods === null) return;
    const { desiredNumberScheduled = 0, numberReady = 0 } = found.status ?? {};
    const nodes = pods
      .filter((pod) => isReadyPodOf(pod, plugin))
      .flatMap(({ spec: { nodeName } }) => nodeName ?? []);
    ctx.record('gpu-plugin', { ready: numberReady, wanted: desiredNumberScheduled, nodes });
    if (numberReady < desiredNumberScheduled) await recordEvidence(ctx, [found]);
  });
}

function isReadyPodOf(pod: PodObject, { namespace, name }: { namespace: string; name: string }): boolean {
  const owner = ownerOf(pod);
  return (
    pod.metadata.namespace === namespace &&
    owner.kind === 'DaemonSet' &&
    owner.name === name &&
    conditionTrue(pod.status.conditions, 'Ready')
  );
}

/** Pods of the declared workloads that ask for devices, and the nodes that they run on. */
export async function recordPlaced(ctx: CheckContext): Promise<void> {
  const workloads = await findWorkloads(ctx, ({ gpu }) => gpu !== undefined);
  if (workloads.length === 0) return;
  const pods = await listPods(ctx);
  if (pods === null) return;
  for (const workload of workloads) {
    const placed = podsOf(workload, pods).map(({ metadata, spec }) => ({
      pod: `${metadata.namespace ?? ''}/${metadata.name}`,
      node: spec.nodeName ?? null,
    }));
    ctx.record('gpu-placed', { workload: workload.name, pods: placed });
  }
}

/** Taints of the pool, and the pods on it: one that does not tolerate them was there before, or came past the scheduler. */
export function recordTenants(ctx: CheckContext, nodes: readonly PoolNode[]): void {
  for (const { node, taints, pods } of nodes) {
    const lasting = taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
    const tenants = pods.map(({ name, tolerations }) => ({
      pod: name,
      tolerates: toleratesAll(tolerations, lasting),
    }));
    const known = taints.map(({ key, value, effect }) => ({
      key,
      ...(value !== undefined && { value }),
      effect,
    }));
    ctx.record('gpu-tenants', { node, taints: known, tenants });
  }
}
