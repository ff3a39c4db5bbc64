import { Canaries } from '../_pool/canaries.ts';
import { freeOf, gpuOf, lookAgain, lookAtPool, mayWrite } from '../_pool/pool.ts';
import type { PoolNode } from '../_pool/pool.ts';
import { utilisation } from '../_pool/utilisation.ts';
import type { Utilisation } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { lookUntil } from '../../../host/wait.ts';

const LOOK_EVERY_MS = 1000;

const HOLDER = 'gpu-is-seen';

/**
 * `gpu/metrics`: waits until Prometheus knows every device and the pods that hold one, or the time is up. Where the check may, it holds a
 * device itself; otherwise Prometheus must know the pods that hold some anyway.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  const ask = async (holder: string | null): Promise<void> => {
    await ctx.step('ask Prometheus until it knows of every device', () => askOften(ctx, nodes, holder));
    await lookAgain(ctx, nodes);
  };
  if (!mayWrite(ctx) || freeOf(ctx, nodes).length === 0) {
    await ask(null);
    return;
  }
  await Canaries.use(ctx, async (canaries) => {
    const ready = await ctx.step('start a pod that holds a device', () =>
      canaries.hold([{ name: HOLDER, devices: 1 }]),
    );
    await ask(ready.has(HOLDER) ? HOLDER : null);
  });
}

/** Queries until everything that the judge needs is there, and records the last answer: it is the one that counts. */
async function askOften(ctx: CheckContext, nodes: readonly PoolNode[], holder: string | null): Promise<void> {
  const { metrics, devicesPerNode, sharedBy } = gpuOf(ctx);
  const perNode = metrics?.perNode ?? Math.ceil(devicesPerNode / sharedBy);
  const holders = holder === null ? holdersOn(nodes) : [holder];
  const pods = metrics?.labels.pod === undefined ? [] : holders;
  const seen = await lookUntil(
    () => utilisation(ctx),
    (now) => now === null || isComplete(ctx, now, { nodes, perNode, pods }),
    { deadlineMs: ctx.timeoutMs('gpuMetrics'), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
  if (seen !== null) ctx.record('gpu-series', seen);
}

/** Series name pods without their namespaces. */
function holdersOn(nodes: readonly PoolNode[]): string[] {
  const holding = nodes.flatMap(({ pods }) => pods).filter(({ requested }) => requested > 0);
  return holding.map(({ name }) => name.slice(name.indexOf('/') + 1));
}

function isComplete(
  ctx: CheckContext,
  { samples, nowSeconds }: Utilisation,
  wanted: { nodes: readonly PoolNode[]; perNode: number; pods: readonly string[] },
): boolean {
  const { freshScrapes = 0 } = ctx.goals;
  const freshSeconds = freshScrapes * (ctx.settings.scrapeSeconds ?? 0);
  const fresh = samples.filter(
    ({ atSeconds }) => atSeconds !== null && nowSeconds !== null && nowSeconds - atSeconds <= freshSeconds,
  );
  // Of each node of the pool: Prometheus may know devices of others too.
  const devicesOf = ({ object }: PoolNode): number =>
    new Set(fresh.filter(({ node }) => node === object.metadata.name).map(({ device }) => device)).size;
  const named = new Set(fresh.map(({ pod }) => pod));
  return (
    wanted.nodes.every((node) => devicesOf(node) >= wanted.perNode) &&
    wanted.pods.every((pod) => named.has(pod))
  );
}
