import type { CheckContext } from '../../harness/context.ts';
import type { Scale } from './follow.ts';

/** Beside the stabilisation window and the goal: the last pods go, and it is seen that they are gone. */
const LEAVING_S = 60;

/** As long as it may take by its own settings and the goal, or as the environment says. */
export function shrinkingMs(
  ctx: Pick<CheckContext, 'goals' | 'timeoutMs'>,
  scale: Pick<Scale, 'stabilisationDownS'> | null,
): number {
  const extraS = ctx.goals.extraSeconds ?? 0;
  const ownS = (scale?.stabilisationDownS ?? 0) + extraS + LEAVING_S;
  return Math.max(ctx.timeoutMs('scaleDown'), ownS * 1000);
}
