import { lookUntil } from '../../../host/wait.ts';
import { offerOf } from '../../../probes/gpu/index.ts';
import { isInPool } from '../../../reports/judge/topology/declared.ts';
import { gpuOf, poolOf, recordClaimsBesides, recordNodes } from '../_pool/pool.ts';
import type { CheckContext } from '../../harness/context.ts';
import { listPods, podsOf } from '../../topology/_objects/declared.ts';
import { recordEvidence } from '../../topology/_objects/evidence.ts';
import { conditionTrue } from '../../topology/_objects/shapes.ts';
import type { NodeObject } from '../../topology/_objects/shapes.ts';

/** A node younger than this may still be starting the driver and the device plugin. */
const JOINING_MS = 300_000;
const LOOK_EVERY_MS = 1000;

/** `gpu/allocatable`: what nodes offer, and whether the declared plugin runs on all of them. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { min, max } = poolOf(ctx).count;
  if (min < max) await ctx.step('wait for nodes that have just joined', () => awaitJoining(ctx));
  const members = await ctx.step('read what nodes offer', () => recordNodes(ctx));
  await ctx.step('see whether devices are claimed instead', () => recordClaimsBesides(ctx, members ?? []));
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
    const nodes = podsOf({ workload: { kind: 'DaemonSet', ...plugin } }, pods)
      .filter(({ status }) => conditionTrue(status.conditions, 'Ready'))
      .flatMap(({ spec: { nodeName } }) => nodeName ?? []);
    ctx.record('gpu-plugin', { ready: numberReady, wanted: desiredNumberScheduled, nodes });
    if (numberReady < desiredNumberScheduled) await recordEvidence(ctx, [found]);
  });
}

/** Looks until each young node of the pool offers its devices, at most for `settle`: what is then there is judged. */
async function awaitJoining(ctx: CheckContext): Promise<void> {
  await lookUntil(
    () => ctx.cluster.items({ kind: 'v1/Node' }),
    (nodes) => !(nodes ?? []).some((node) => isJoining(ctx, node)),
    { deadlineMs: ctx.timeoutMs('settle'), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
}

function isJoining(ctx: CheckContext, node: NodeObject): boolean {
  const { labels = {}, creationTimestamp } = node.metadata;
  if (creationTimestamp === undefined || !isInPool(labels, poolOf(ctx))) return false;
  const { resource, devicesPerNode } = gpuOf(ctx);
  const isYoung = Date.now() - Date.parse(creationTimestamp) < JOINING_MS;
  return isYoung && offerOf(node, resource).allocatable !== devicesPerNode;
}
