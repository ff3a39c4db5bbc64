import { runDeploymentTrial } from '../_trial/deployment.ts';
import { MIN_ACKNOWLEDGED } from '../_judge/outages/rto.ts';
import type { CheckContext } from '../../harness/context.ts';

/** Reads through the edge while a pod of the backend is hit, or all are replaced. */
export function observe(ctx: CheckContext, fault: string): Promise<void> {
  const edge = ctx.settings.topology?.edge;
  if (edge?.backend === undefined) throw new Error('the environment declares no topology.edge.backend');
  return runDeploymentTrial(ctx, {
    subject: 'backend',
    called: 'the backend',
    deployment: edge.backend.deployment,
    clientLoad: 'edge',
    minAcknowledged: MIN_ACKNOWLEDGED,
    fault,
  });
}
