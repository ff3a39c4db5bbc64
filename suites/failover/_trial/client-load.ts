import type { CheckContext } from '../../harness/context.ts';
import type { FaultResult } from '../../harness/protocol.ts';
import { whyNotSent } from '../../harness/sending.ts';

/**
 * Starts the client load of a trial. False where none of its operations gets through: nothing can be measured then, so that no fault is injected,
 * and why is recorded.
 */
export async function clientLoadStarted(ctx: CheckContext, title: string, store: string): Promise<boolean> {
  const { id: check, trial } = ctx;
  const reason = await ctx.step(title, () =>
    whyNotSent(() => ctx.runner.call('clientLoad.start', { check, store, trial })),
  );
  if (reason !== null) ctx.record('no-fault', { reason });
  return reason === null;
}

/** Whether the fault was left out since clients were not served steadily; the judge is told why. */
export function isUntouched(ctx: CheckContext, { untouched, proof }: FaultResult): boolean {
  if (untouched === true) ctx.record('no-fault', { reason: proof });
  return untouched === true;
}
