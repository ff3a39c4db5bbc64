import type { CheckContext } from '../../../harness/context.ts';

/** Records Prometheus's rules. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  await ctx.step('ask Prometheus for rules', () =>
    ctx.runner.call('telemetry.ask', { check, trial, about: 'rules' }),
  );
}
