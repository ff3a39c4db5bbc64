import type { CheckContext } from '../../harness/context.ts';
import type { Scale } from './follow.ts';

/** Beyond the stabilisation window and the goal: time for the last pods to end, and for that to be seen. */
const LEAVING_S = 60;

/** How long shrinking may take, ms: by the autoscaler's settings and the goal, or the environment's timeout if that is longer. */
export function shrinkingMs(
  ctx: Pick<CheckContext, 'goals' | 'timeoutMs'>,
  scale: Pick<Scale, 'stabilisationDownS' | 'shrinkingS'> | null,
): number {
  const extraS = ctx.goals.extraSeconds ?? 0;
  const ownS = (scale?.stabilisationDownS ?? 0) + (scale?.shrinkingS ?? 0) + extraS + LEAVING_S;
  return Math.max(ctx.timeoutMs('scaleDown'), ownS * 1000);
}
