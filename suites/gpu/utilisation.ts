import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceSample } from '../../probes/gpu/index.ts';
import type { CheckContext } from '../harness/check.ts';
import { monotonicMs } from '../harness/observations.ts';
import { Canaries } from './canaries.ts';
import { freeOf, gpuOf, lookAtPool, mayWrite } from './pool.ts';

const LOOK_EVERY_MS = 1000;
const HOLDER = 'gpu-is-seen';

/** Records what Prometheus knows of the devices now; null when it cannot be asked. */
export async function recordUtilisation(
  ctx: CheckContext,
  holder: string | null = null,
): Promise<DeviceSample[] | null> {
  const { samples, unavailable } = await ctx.runner.call('gpu.utilisation', { check: ctx.id });
  if (unavailable !== undefined) {
    ctx.unavailable('Prometheus', unavailable);
    return null;
  }
  ctx.record('gpu-series', { samples, holder });
  return samples;
}

/** `gpu/metrics`: a device is held where that is allowed, until Prometheus knows of it, and of all others, or the time is up. */
export async function seeUtilisation(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  const ask = (holder: string | null): Promise<void> =>
    ctx.step('ask Prometheus until it knows of every device', () => askOften(ctx, nodes.length, holder));
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

/** Asks until all is there that the judge looks for. What was seen last is what counts. */
async function askOften(ctx: CheckContext, nodes: number, holder: string | null): Promise<void> {
  const { metrics, devicesPerNode, sharedBy } = gpuOf(ctx);
  const wanted = nodes * (metrics?.perNode ?? Math.ceil(devicesPerNode / sharedBy));
  const named = metrics?.labels.pod === undefined ? null : holder;
  const endMs = monotonicMs() + ctx.timeoutMs('gpuMetrics');
  for (;;) {
    const samples = await recordUtilisation(ctx, holder);
    if (samples === null || isComplete(ctx, samples, { wanted, named }) || monotonicMs() > endMs) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal: ctx.signal });
  }
}

function isComplete(
  ctx: CheckContext,
  samples: readonly DeviceSample[],
  of: { wanted: number; named: string | null },
): boolean {
  const freshSeconds = Number(ctx.goals['freshScrapes']) * Number(ctx.settings['scrapeSeconds']);
  const fresh = samples.filter(({ ageSeconds }) => ageSeconds !== null && ageSeconds <= freshSeconds);
  const devices = new Set(fresh.map(({ node, device }) => `${node}/${device}`));
  return devices.size >= of.wanted && (of.named === null || fresh.some(({ pod }) => pod === of.named));
}
