import { lockMode } from '../plan/environment-parts.ts';
import { refusalOfLoad } from '../plan/permits.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';

/** Why a check may not begin to make load now, by the permits that it needs: they may have ended since the run began. null: it may. */
export function whyNoLoad(
  { parts, runState }: Pick<RunnerCore, 'parts' | 'runState'>,
  check: string,
): Promise<string | null> {
  const { environment, planned } = runState;
  const found = planned.get(check);
  const disturbs = found !== undefined && lockMode(found, environment) === 'exclusive';
  return refusalOfLoad(environment, check, disturbs ? (parts.permits ?? null) : null);
}
