import type { Steadiness } from '../../../probes/store/store-driver.ts';
import type { CheckContext } from '../../harness/context.ts';

/**
 * Records the state with which the environment is compared after the trial. False where it does not settle: in an environment that is
 * already broken, a fault proves nothing, and its damage cannot be distinguished from earlier damage.
 */
export async function notedAtRest(ctx: CheckContext): Promise<boolean> {
  const { id: check, trial } = ctx;
  const { unrest } = await ctx.step('note roles and objects', () =>
    ctx.runner.call('state.note', { check, trial }),
  );
  if (unrest.length === 0) return true;
  ctx.record('no-fault', {
    reason: `roles and objects did not settle before the fault: ${unrest.slice(0, 3).join('; ')}`,
  });
  return false;
}

/** The recorded end state; the leader has an observation of its own. */
export function saidOf({ ok, detail, cannotAsk }: Steadiness): Omit<Steadiness, 'leader'> {
  return { ok, detail, ...(cannotAsk !== undefined && { cannotAsk }) };
}
