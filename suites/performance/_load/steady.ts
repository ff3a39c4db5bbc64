import { askWho } from '../../harness/answered.ts';
import type { CheckContext } from '../../harness/context.ts';
import { whyNotSent } from '../../harness/sending.ts';

/** Reads of the API. */
export function steadyLoad(ctx: CheckContext): Promise<void> {
  return sameRate(ctx, 'steady');
}

/** Drafts of the AI service. */
export function draftLoad(ctx: CheckContext): Promise<void> {
  return sameRate(ctx, 'draft');
}

/** Sends a constant rate through the edge, however the platform answers, once for all checks of it. reports/judge/performance judges it. */
function sameRate(ctx: CheckContext, scenario: string): Promise<void> {
  const { steady } = ctx.settings;
  if (steady === undefined) throw new Error('the environment declares no load');
  const { requestsPerSecond, seconds, maxUsers } = steady;
  const { id: check, trial } = ctx;
  return ctx.once(`performance/${scenario}`, async () => {
    try {
      await ctx.step(`send ${requestsPerSecond} requests a second for ${seconds} s`, async () => {
        const variables = {
          RATE: requestsPerSecond,
          DURATION: `${seconds}s`,
          ...(maxUsers !== undefined && { MAX_VUS: maxUsers }),
        };
        const order = { check, trial, scenario: steady.scenario ?? scenario, variables };
        const unsent = await whyNotSent(() => ctx.runner.call('load.start', order));
        if (unsent !== null) {
          ctx.unavailable('the load', unsent);
          return;
        }
        const timeoutMs = seconds * 1000 + ctx.timeoutMs('loadStop');
        const { ended } = await ctx.runner.call('load.ended', { check, timeoutMs });
        if (!ended) ctx.unavailable('the end of the load', `not reached within ${timeoutMs / 1000} s`);
      });
      if (scenario === 'steady') await ctx.step('ask which pods answer', () => askWho(ctx));
    } finally {
      await ctx.runner.call('load.stop', { check });
    }
  });
}
