import { offerOf } from '../../../probes/gpu/index.ts';
import type { NodePod } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { canaryNamespace } from '../../topology/_objects/canary.ts';
import { ownNodes } from '../../topology/_objects/declared.ts';
import type { Canaries } from './canaries.ts';
import { canaryNow, gpuOf, podsOn } from './pool.ts';

/** Shows what priority admission gives to canaries that ask for a device; it is never placed. */
const PROBE = 'gpu-priority';

/**
 * Whether a canary for which no device is free might displace a pod of others: the scheduler ends pods of lower priority for one that fits nowhere. Whether a
 * pod may do so is decided by its PriorityClass alone. Records why the canary is not started.
 */
export async function mightDisplace(ctx: CheckContext, canaries: Canaries, canary: string): Promise<boolean> {
  const holders = await holdersOfOthers(ctx);
  if (holders === null) return true;
  if (holders.length === 0) return false;
  const own = await priorityOf(ctx, canaries);
  if (own === undefined) {
    ctx.unavailable(canary, 'the priority of canaries could not be read, so that it might displace a pod');
    return true;
  }
  const { priorityClass } = gpuOf(ctx);
  if (own.preempts && priorityClass !== undefined) {
    ctx.unavailable(
      canary,
      `it might displace a pod: PriorityClass ${priorityClass} has no preemptionPolicy Never`,
    );
    return true;
  }
  const victim = own.preempts ? holders.find(({ priority }) => priority < own.priority) : undefined;
  if (victim === undefined) return false;
  ctx.unavailable(
    canary,
    `it might displace pod ${victim.name} of priority ${victim.priority}, since canaries have ${own.priority}: declare gpu.priorityClass, a PriorityClass with preemptionPolicy Never`,
  );
  return true;
}

/** Pods of others that hold devices on any node to which a canary may go; null after recording that they could not be read. */
async function holdersOfOthers(ctx: CheckContext): Promise<NodePod[] | null> {
  const all = await ctx.cluster.items({ kind: 'v1/Node' });
  if (all === null) return null;
  const holders: NodePod[] = [];
  for (const node of ownNodes(ctx, all)) {
    if (offerOf(node, gpuOf(ctx).resource).capacity === null) continue;
    const pods = await podsOn(ctx, node.metadata.name);
    if (pods === null) return null;
    holders.push(...pods.filter(({ requested }) => requested > 0));
  }
  const ours = `${canaryNamespace(ctx)}/`;
  return holders.filter(({ name }) => !name.startsWith(ours));
}

/** What admission makes of a canary: the cluster may have a default PriorityClass, and a policy one for pods that ask for devices. */
async function priorityOf(ctx: CheckContext, canaries: Canaries): Promise<NodePod | undefined> {
  await canaries.start([{ name: PROBE, devices: 1, gated: true }]);
  const seen = await canaryNow(ctx, PROBE);
  await canaries.drop(PROBE);
  return seen;
}
