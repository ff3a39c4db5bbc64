import type { CheckContext } from '../../harness/context.ts';

/** What Prometheus recorded for the objectives of the environment, over the window of each. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const { unavailable } = await ctx.step('ask Prometheus for the series of every objective', () =>
    ctx.runner.call('metrics.record', { check, trial }),
  );
  if (unavailable !== undefined) ctx.unavailable('Prometheus', unavailable);
}
