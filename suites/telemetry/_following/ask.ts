import type { CheckContext } from '../../harness/context.ts';

/** Records Prometheus's targets, its samples of the required series, or its rules. */
export async function askPrometheus(ctx: CheckContext, about: 'targets' | 'series' | 'rules'): Promise<void> {
  await ctx.step(`ask Prometheus for ${about}`, () =>
    ctx.runner.call('telemetry.ask', { check: ctx.id, trial: ctx.trial, about }),
  );
}
