import type { Steadiness } from '../../../probes/store/store-driver.ts';
import type { CheckContext } from '../../harness/context.ts';

/**
 * Notes what the environment is compared with after the trial. False where it does not come to rest: a fault in what is
 * broken already would prove nothing, and what it broke could not be told from what was broken.
 */
export async function notedAtRest(ctx: CheckContext): Promise<boolean> {
  const { id: check, trial } = ctx;
  const { unrest } = await ctx.step('note roles and objects', () =>
    ctx.runner.call('state.note', { check, trial }),
  );
  if (unrest.length === 0) return true;
  ctx.record('no-fault', {
    reason: `the environment did not come to rest: ${unrest.slice(0, 3).join('; ')}`,
  });
  return false;
}

/** What is recorded of the end: who leads is another line's. */
export function saidOf({ ok, detail, cannotAsk }: Steadiness): Omit<Steadiness, 'leader'> {
  return { ok, detail, ...(cannotAsk !== undefined && { cannotAsk }) };
}
