/** Pods that ask for devices: where they land, what they are told, and how many of them there is room for. */
import { planHolders, readPods, toleratesAll } from '../../probes/gpu/index.ts';
import type { REFUSED_ROLES } from '../../reports/record/observations/gpu.ts';
import { STRANGER_ASKS } from '../../reports/record/observations/gpu.ts';
import type { CheckContext } from '../harness/check.ts';
import { canaryNamespace, messageOf } from '../topology/canary.ts';
import { Canaries } from './canaries.ts';
import type { Canary } from './canaries.ts';
import { recordPlaced, recordTenants } from './offers.ts';
import { freeOf, gpuOf, lookAgain, lookAtPool, mayWrite, poolOf } from './pool.ts';
import type { PoolNode } from './pool.ts';
import { recordUtilisation } from './utilisation.ts';

/** Pods of one device each that a check starts at most; where more are free, one pod takes all of a node. */
const MOST_PODS = 8;
/** Of a command that proves that a device answers, as much as a reader needs. */
const MOST_OUTPUT = 2000;

/** A pod that must not be placed, and why not. */
type Unwanted = Canary & { role: (typeof REFUSED_ROLES)[number] };

/** `gpu/schedule`: a pod that asks for a device lands on the pool, is told which it has, and a real one answers. */
export async function landOnPool(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  await ctx.step('see where declared workloads with devices run', () => recordPlaced(ctx));
  if (nodes === null || !mayWrite(ctx)) return;
  freeOf(ctx, nodes);
  await Canaries.use(ctx, async (canaries) => {
    const ready = await ctx.step('start a pod that asks for a device, anywhere', () =>
      canaries.hold([{ name: 'gpu-lands', devices: 1 }]),
    );
    await lookAgain(ctx, nodes);
    const { workload } = gpuOf(ctx);
    if (workload === undefined || ready.size === 0) return;
    await ctx.step('ask the device to answer', async () => {
      try {
        const { code, stdout, stderr } = await canaries.exec('gpu-lands', workload);
        const output = `${stdout}${stderr}`.slice(0, MOST_OUTPUT);
        ctx.record('gpu-answer', { command: workload.join(' '), code, output });
      } catch (error) {
        ctx.signal.throwIfAborted();
        ctx.unavailable('answer of the device', messageOf(error));
      }
    });
  });
}

/** `gpu/taint`: pods without the toleration: one for each node of the pool, that may go nowhere else, and one that asks for a device. */
export async function keepAway(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool and who runs on it', () => lookAtPool(ctx));
  if (nodes === null) return;
  recordTenants(ctx, nodes);
  if (!mayWrite(ctx)) return;
  await Canaries.use(ctx, async (canaries) => {
    // By its name: then the scheduler looks at that node only, and what it says is of it.
    const strangers: Unwanted[] = nodes.slice(0, MOST_PODS).map(({ node }, index) => ({
      ...{ name: `gpu-stranger-${index}`, devices: 0, tolerates: false, node, role: 'stranger' },
    }));
    strangers.push({
      ...{ name: STRANGER_ASKS, devices: 1, tolerates: false, role: 'stranger that asks' },
    });
    await ctx.step('start pods without the toleration', () => canaries.start(strangers));
    await ctx.step('see whether the scheduler keeps them away', () =>
      Promise.all(strangers.map((one) => recordRefused(ctx, canaries, one))),
    );
  });
}

/** `gpu/exclusive`: pods that hold devices at the same time, and which each was told of. */
export async function holdTogether(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  if (!mayWrite(ctx)) {
    await ctx.step('ask Prometheus who holds which device', () => recordUtilisation(ctx));
    return;
  }
  const offered = nodes.reduce((sum, { allocatable }) => sum + allocatable, 0);
  const needed = Math.min(2, offered);
  const holders = planHolders(freeOf(ctx, nodes, needed), Infinity).slice(0, MOST_PODS);
  if (holders.length < needed) return;
  await Canaries.use(ctx, async (canaries) => {
    // With no device to be had at all one is asked for all the same: what becomes of it is the answer.
    const wanted = holders.length === 0 ? [{ name: 'gpu-holds-0', devices: 1 }] : named(holders);
    await ctx.step(`start ${wanted.length} pods that ask for a device each`, () => canaries.hold(wanted));
    await lookAgain(ctx, nodes);
  });
}

/** `gpu/exhausted`: with every device taken, one pod more. */
export async function exhaust(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  await Canaries.use(ctx, async (canaries) => {
    if ((await takeAll(ctx, canaries, nodes)) === null) return;
    const extra: Unwanted = { name: 'gpu-one-too-many', devices: 1, role: 'one too many' };
    await ctx.step('start one pod too many', () => canaries.start([extra]));
    await ctx.step('see what the scheduler says of it', () => recordRefused(ctx, canaries, extra));
    // Somebody else may have given a device back meanwhile.
    await lookAgain(ctx, nodes);
  });
}

/** Takes every device that is declared and free; the names of the pods that do, or null when one that should have a device has none. */
export async function takeAll(
  ctx: CheckContext,
  canaries: Canaries,
  nodes: readonly PoolNode[],
): Promise<string[] | null> {
  const { devicesPerNode } = gpuOf(ctx);
  // No more than are declared: what a node offers beyond that is what the pod too many would show.
  const declared = nodes.map((node) => ({
    ...node,
    free: Math.max(0, Math.min(node.free, node.free - (node.allocatable - devicesPerNode))),
  }));
  const lingersSeconds = lingersOf(ctx);
  const wanted = named(planHolders(declared, MOST_PODS)).map((one) => ({ ...one, lingersSeconds }));
  if (wanted.length === 0) return [];
  const ready = await ctx.step(`take every device, by ${wanted.length} pods`, () => canaries.hold(wanted));
  await lookAgain(ctx, nodes);
  return ready.size === wanted.length ? wanted.map(({ name }) => name) : null;
}

/** How long pods go on after they were asked to end, s; set by a control. */
export function lingersOf({ settings }: Pick<CheckContext, 'settings'>): number {
  return settings.lingersSeconds ?? 0;
}

function named(plans: readonly { node: string; devices: number }[]): Canary[] {
  return plans.map((plan, index) => ({ name: `gpu-holds-${index}`, ...plan }));
}

/** Records what became of a pod that must not be placed: refused for a while, or on a node after all. */
async function recordRefused(ctx: CheckContext, canaries: Canaries, canary: Unwanted): Promise<void> {
  const { node, state, refusal, detail } = await canaries.follow(canary.name, {
    timeoutMs: ctx.timeoutMs('unschedulable') + ctx.timeoutMs('stillPending'),
    refusedForMs: ctx.timeoutMs('stillPending'),
  });
  const strange = node !== null && canary.tolerates === false;
  ctx.record('gpu-refused', {
    ...{ pod: canary.name, role: canary.role, bound: canary.node ?? null, node, state, detail },
    tolerated: strange ? await isTolerated(ctx, canary.name) : null,
    message: refusal?.message ?? '',
    source: refusal?.source ?? null,
  });
}

/** The admission plugin ExtendedResourceToleration gives pods that ask for a resource the toleration of its name. */
async function isTolerated(ctx: CheckContext, name: string): Promise<boolean> {
  const selector = encodeURIComponent(`metadata.name=${name}`);
  const { status, body } = await ctx.cluster.raw(
    `/api/v1/namespaces/${canaryNamespace(ctx)}/pods?fieldSelector=${selector}`,
  );
  const [pod] = (status === 200 ? readPods(body, gpuOf(ctx).resource) : null) ?? [];
  return pod !== undefined && toleratesAll(pod.tolerations, poolOf(ctx).taints);
}
