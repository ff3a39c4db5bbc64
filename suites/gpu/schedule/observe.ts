import { Canaries } from '../_pool/canaries.ts';
import { mightDisplace } from '../_pool/displacing.ts';
import { freeOf, gpuOf, lookAgain, lookAtPool, mayWrite } from '../_pool/pool.ts';
import type { CheckContext } from '../../harness/context.ts';
import { recordPlaced } from './placed.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Characters kept of the output of the command that proves that a device answers. */
const MOST_OUTPUT = 2000;

const LANDS = 'gpu-lands';

/** `gpu/schedule`: a pod that asks for a device lands on the pool and knows which it has, and a real one answers. */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  await ctx.step('see where declared workloads with devices run', () => recordPlaced(ctx));
  if (nodes === null || !mayWrite(ctx)) return;
  const isFree = freeOf(ctx, nodes).length > 0;
  // Where devices are offered and none is free, a pod that asks for one proves nothing, and might displace another.
  if (!isFree && nodes.some(({ allocatable }) => allocatable > 0)) return;
  await Canaries.use(ctx, async (canaries) => {
    // Where the pool offers none, it may go to another one.
    const displaces = (): Promise<boolean> =>
      ctx.step('see whether it might displace another pod', () => mightDisplace(ctx, canaries, LANDS));
    if (!isFree && (await displaces())) return;
    const ready = await ctx.step('start a pod that asks for a device, anywhere', () =>
      canaries.hold([{ name: LANDS, devices: 1 }]),
    );
    await lookAgain(ctx, nodes);
    const { workload } = gpuOf(ctx);
    if (workload === undefined || ready.size === 0) return;
    await ctx.step('ask the device to answer', async () => {
      try {
        const { code, stdout, stderr } = await canaries.exec(LANDS, workload);
        const output = `${stdout}${stderr}`.slice(0, MOST_OUTPUT);
        ctx.record('gpu-answer', { command: workload.join(' '), code, output });
      } catch (error) {
        ctx.signal.throwIfAborted();
        ctx.unavailable('answer of the device', errorText(error));
      }
    });
  });
}
