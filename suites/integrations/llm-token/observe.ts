import type { CheckContext } from '../../harness/context.ts';

/** Looks for the model's token in the logs of the platform, its edge and what is declared elsewhere; the token itself never leaves the runner. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  await ctx.step("look for the model's token in the logs of every container of what is declared", () =>
    ctx.runner.call('ai.scanLogs', { check, trial }),
  );
}
