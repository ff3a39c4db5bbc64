import { runDeploymentTrial } from '../_trial/deployment.ts';
import type { CheckContext } from '../../harness/context.ts';

/** Fewer good answers before the fault say nothing about those after it. */
const MIN_ACKNOWLEDGED = 100;

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
