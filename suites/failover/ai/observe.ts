import { runDeploymentTrial } from '../_trial/deployment.ts';
import type { CheckContext } from '../../harness/context.ts';
import { MIN_ACCEPTED } from './judge-jobs.ts';

/**
 * Sends tenders through the edge, each a job for the AI service, while one of its pods is hit or all are replaced. Once the service has
 * recovered, every accepted job is followed to its end, and its effects in the stores are counted.
 */
export function observe(ctx: CheckContext, fault: string): Promise<void> {
  const { ai } = ctx.settings;
  if (ai === undefined) throw new Error('the environment declares no ai');
  const { id: check, trial } = ctx;
  return runDeploymentTrial(ctx, {
    subject: 'ai',
    called: 'the AI service',
    deployment: ai.deployment,
    clientLoad: 'jobs',
    minAcknowledged: MIN_ACCEPTED,
    fault,
    afterwards: async () => {
      await ctx.step('follow every accepted job to its end, and count what it left in the stores', () =>
        ctx.runner.call('ai.jobs', { check, trial, timeoutMs: doneWithinMs(ctx) }),
      );
    },
  });
}

/** Controls shorten it: a job that they lose never ends, so waiting longer is useless. */
function doneWithinMs(ctx: CheckContext): number {
  return ctx.settings.jobs?.doneWithinMs ?? ctx.timeoutMs('jobsDone');
}
