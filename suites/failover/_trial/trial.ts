import { monoMs } from '../../../host/clock.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { FaultResult, PodSelection } from '../../harness/protocol.ts';
import { notedAtRest } from './at-rest.ts';

/** From the fault until clients are served again, monotonic. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** What differs between trials under a fault. What returns false has recorded why, and ends the trial before the fault. */
export interface Trial {
  /** Whether what is hit is well. */
  rest?(): Promise<boolean>;
  /** Starts what clients do, and whether they are served. */
  load(): Promise<boolean>;
  aim(): Promise<FaultResult>;
  /** What follows until the fault is undone; it may not have landed. */
  recovered(result: FaultResult): Promise<void>;
  /** What follows once it is undone. */
  afterwards(span: Span): Promise<void>;
  /** Ends what `load` started, whether or not a step threw. */
  stop: readonly (() => unknown)[];
  /** Removes what was made for the trial, after the fault is undone for good. */
  remove?(): unknown;
}

/** One trial under a fault. It only records; the judges are in reports/judge/failover and beside the checks. */
export async function trial(ctx: CheckContext, of: Trial): Promise<void> {
  const undo = () => ctx.runner.call('fault.restore', { check: ctx.id });
  if (of.rest !== undefined && !(await of.rest())) return;
  if (!(await notedAtRest(ctx))) return;
  try {
    if (!(await of.load())) return;
    const injectedMs = monoMs();
    const result = await of.aim();
    if (result.untouched === true) {
      ctx.record('no-fault', { reason: result.proof });
      return;
    }
    await of.recovered(result);
    const span = { fromMs: result.landedAtMs ?? injectedMs, toMs: monoMs() };
    await ctx.step('undo what is left of the fault', undo);
    await of.afterwards(span);
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await endAll(...of.stop, undo, () => of.remove?.());
  }
}

/**
 * Runs every step in turn, whatever becomes of those before it: that a load cannot be stopped must not keep a fault in force.
 * @throws what the first step threw that did
 */
async function endAll(...steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

export async function logsKept(ctx: CheckContext, pods: PodSelection, span: Span): Promise<void> {
  await ctx.step('keep logs and events of the pods from the time of the fault', () =>
    ctx.runner.call('evidence.collect', { check: ctx.id, trial: ctx.trial, pods, ...span }),
  );
}

/** Other stores may have had a member on the node that was hit: they get the time that this one had. */
export async function asBefore(
  ctx: CheckContext,
  timeoutMs = ctx.timeoutMs('membersRejoined'),
): Promise<void> {
  await ctx.step('see that roles and objects are as before', () =>
    ctx.runner.call('state.compare', { check: ctx.id, trial: ctx.trial, timeoutMs }),
  );
}
