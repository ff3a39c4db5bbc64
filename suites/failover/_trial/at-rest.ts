import type { Steadiness } from '../../../probes/store/store-driver.ts';
import type { CheckContext } from '../../harness/context.ts';

/** Waits for a store that is to be hit. False where it is not steady, or refuses the login: then no fault may follow. */
export async function steadyBefore(ctx: CheckContext, store: string): Promise<boolean> {
  const refusedMs = ctx.timeoutMs('loginRefused');
  const timeoutMs = ctx.timeoutMs('steadyState');
  const seen = await ctx.step(
    `wait until ${store} is steady: a leader, all other members following it, one of them synchronously`,
    () => ctx.runner.call('store.steady', { check: ctx.id, store, timeoutMs, refusedMs }),
  );
  ctx.record('steady', saidOf(seen));
  return seen.ok;
}

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
