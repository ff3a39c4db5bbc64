import { runDeploymentTrial } from '../_trial/deployment.ts';
import type { CheckContext } from '../../harness/context.ts';

/** Jobs that must have been accepted before the fault: as many as are under way at any time, several times over. */
const MIN_ACCEPTED = 20;

/**
 * Tenders through the edge, each a job for the AI service, while one of its pods is hit, or all are replaced. Once it is whole again every
 * job that was accepted is followed to its end, and what it left in the stores is counted.
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

/** Only controls set another: what is lost never comes to its end, and is not worth waiting for. */
function doneWithinMs(ctx: CheckContext): number {
  return ctx.settings.jobs?.doneWithinMs ?? ctx.timeoutMs('jobsDone');
}
