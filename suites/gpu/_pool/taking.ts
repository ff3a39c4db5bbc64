import { planHolders, toleratesAll } from '../../../probes/gpu/index.ts';
import type { REFUSED_ROLES } from '../../../reports/record/observations/gpu.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { Canaries } from './canaries.ts';
import type { Canary, Fate } from './canaries.ts';
import { canaryNow, gpuOf, lookAgain, poolOf } from './pool.ts';
import type { PoolNode } from './pool.ts';

/** Most pods of one device each that a check starts; where more devices are free, one pod takes all of a node. */
export const MOST_PODS = 8;

/** The same for shares of devices: NVIDIA's plugin may refuse a pod that asks for several (MPS, failRequestsGreaterThanOne). */
const MOST_SHARES = 32;

/** A pod that must not be placed, and why not. */
export type Unwanted = Canary & { role: (typeof REFUSED_ROLES)[number] };

/** Takes every device that is declared and free. Returns the names of the pods that do; null: one of them has no device. */
export async function takeAll(
  ctx: CheckContext,
  canaries: Canaries,
  nodes: readonly PoolNode[],
): Promise<string[] | null> {
  const { devicesPerNode, kind } = gpuOf(ctx);
  // No more than are declared: any device beyond that must be left for the one pod too many.
  const declared = nodes.map((node) => ({
    ...node,
    free: Math.max(0, Math.min(node.free, node.free - (node.allocatable - devicesPerNode))),
  }));
  const lingersSeconds = lingersOf(ctx);
  const plans = planHolders(declared, kind === 'shared' ? MOST_SHARES : MOST_PODS);
  const wanted = named(plans).map((one) => ({ ...one, lingersSeconds }));
  if (wanted.length === 0) return [];
  const ready = await ctx.step(`take every device, by ${wanted.length} pods`, () => canaries.hold(wanted));
  await lookAgain(ctx, nodes);
  return ready.size === wanted.length ? wanted.map(({ name }) => name) : null;
}

/** How long pods keep running after they were asked to end, s; set by a control. */
export function lingersOf({ settings }: Pick<CheckContext, 'settings'>): number {
  return settings.lingersSeconds ?? 0;
}

export function named(plans: readonly { node: string; devices: number }[]): Canary[] {
  return plans.map((plan, index) => ({ name: `gpu-holds-${index}`, ...plan }));
}

/** Records what became of a pod that must not be placed: refused for a while, or on a node after all. */
export async function recordRefused(ctx: CheckContext, canaries: Canaries, canary: Unwanted): Promise<Fate> {
  const fate = await canaries.follow(canary.name, {
    timeoutMs: ctx.timeoutMs('unschedulable') + ctx.timeoutMs('stillPending'),
    refusedForMs: ctx.timeoutMs('stillPending'),
  });
  const { node, state, refusal, detail } = fate;
  const strange = node !== null && canary.tolerates === false;
  ctx.record('gpu-refused', {
    pod: canary.name,
    role: canary.role,
    bound: canary.node ?? null,
    node,
    state,
    detail,
    tolerated: strange ? await isTolerated(ctx, canary.name) : null,
    message: refusal?.message ?? '',
    source: refusal?.source ?? null,
  });
  return fate;
}

/** The admission plugin ExtendedResourceToleration gives pods that ask for a resource the toleration of its name. */
async function isTolerated(ctx: CheckContext, name: string): Promise<boolean> {
  const pod = await canaryNow(ctx, name);
  return pod !== undefined && toleratesAll(pod.tolerations, poolOf(ctx).taints);
}
