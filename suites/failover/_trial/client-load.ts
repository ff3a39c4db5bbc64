import { STEADY_MS } from '../../../reports/judge/failover/outages/recovery.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { ClientLoadWait } from '../../harness/protocol.ts';
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

/** What clients must have got before a fault. */
interface Flow {
  operations: 'writes' | 'requests';
  stretchMs: number;
  count: number;
  /** No fault makes a trial pass in which an operation has failed at any time since the load began. */
  neverFailed?: true;
}

/** False when operations do not flow: then no fault is injected, and why is recorded. */
export async function clientLoadFlows(ctx: CheckContext, flow: Flow): Promise<boolean> {
  const { operations, stretchMs, count } = flow;
  const withinMs = ctx.timeoutMs('steadyState');
  const stretch = await ctx.step(`wait for ${stretchMs / 1000} s of ${operations} without a failure`, () =>
    waited(ctx, { until: 'steady', stretchMs, timeoutMs: stretchMs + withinMs }),
  );
  const many = await ctx.step(`wait for ${count} good answers`, () =>
    waited(ctx, { until: 'acknowledged', count, timeoutMs: withinMs }),
  );
  const { failed, acknowledged } = many;
  const harmed =
    flow.neverFailed === true && failed > 0
      ? `${failed} of ${failed + acknowledged} ${operations} had failed before the fault`
      : null;
  const reason = [stretch, many].find(({ met }) => !met)?.detail ?? harmed;
  if (reason !== null) ctx.record('no-fault', { reason });
  return reason === null;
}

/** Waits until writes are steady again; if they are not by the deadline, that is recorded. */
export async function clientLoadRecovered(
  ctx: CheckContext,
  title: string,
  wait: { rtoDeadlineMs: number; begunBefore?: true; openEnded?: true },
): Promise<void> {
  const { rtoDeadlineMs, ...more } = wait;
  const { met, detail } = await ctx.step(title, () =>
    waited(ctx, { until: 'steady', stretchMs: STEADY_MS, timeoutMs: rtoDeadlineMs, ...more }),
  );
  if (!met) ctx.record('deadline', { rtoDeadlineMs, detail });
}

export const rtoDeadlineOf = (ctx: CheckContext): number =>
  ctx.settings.rtoDeadlineMs ?? ctx.timeoutMs('rtoDeadline');

export function waited(ctx: CheckContext, wait: Omit<ClientLoadWait, 'check'>) {
  return ctx.runner.call('clientLoad.wait', { check: ctx.id, ...wait });
}

export function clientLoadStopped(ctx: CheckContext): Promise<unknown> {
  return ctx.runner.call('clientLoad.stop', { check: ctx.id });
}
