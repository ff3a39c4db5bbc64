/** What every check of an autoscaler under load does: rest before it, the load itself, and waits that end with it. */
import { kindOfService } from '../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import { whyNotSent } from '../../harness/sending.ts';
import { ScaleFollower } from './follow.ts';
import type { Scale, Scaled } from './follow.ts';
import { shrinkingMs } from './shrinking.ts';

export interface Subject {
  /** What it is called in steps: `the backend`. */
  called: string;
  target: Scaled;
}

/** Follows an autoscaler during the work. If there is none, or it is not at rest before, the work is skipped and that is recorded. */
export async function followed(
  ctx: CheckContext,
  { called, target }: Subject,
  work: (follower: ScaleFollower) => Promise<void>,
): Promise<void> {
  const { kind, namespace, name } = target;
  const follower = new ScaleFollower(ctx, target);
  const there = await ctx.step(`read the autoscaler of ${kind} ${namespace}/${name}`, () => follower.start());
  if (!there) return;
  try {
    const timeoutMs = shrinkingMs(ctx, follower.scale);
    const rests = await ctx.step(`wait until ${called} is at its minimum`, () =>
      follower.until(atMinimum, { timeoutMs }),
    );
    if (rests) await work(follower);
    else ctx.record('not-at-minimum', { scale: follower.scale });
  } finally {
    // For a step that threw: nothing of a trial may run on into the next.
    await stopLoad(ctx);
    await follower.end();
  }
}

/** What the environment says of a service that is resized, whatever kind of workload it is. */
export function targetOf(
  { settings }: Pick<CheckContext, 'settings'>,
  service: { namespace: string; name: string },
  scaledObject: string | undefined,
): Scaled {
  const { namespace, name } = service;
  const kind = kindOfService(service, settings.topology?.workloads);
  return { kind, namespace, name, ...(scaledObject !== undefined && { scaledObject }) };
}

export function atMinimum({ desired, ready, total, min }: Scale): boolean {
  return desired === min && ready === min && total === min;
}

export function isGrown({ desired, ready, min }: Scale): boolean {
  return desired > min && ready >= desired;
}

/** How long to wait for more pods, ms; only controls override it. */
export function growingMs(ctx: CheckContext): number {
  return ctx.settings.scaleUpMs ?? ctx.timeoutMs('scaleUp');
}

/** Waits for an effect of the load, at most until the load ends: after that none comes. */
export async function whileLoaded(
  ctx: CheckContext,
  timeoutMs: number,
  wait: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const over = new AbortController();
  void ctx.runner.call('load.ended', { check: ctx.id, timeoutMs }).then(
    ({ ended }) => {
      if (ended) over.abort();
    },
    // If the load cannot be queried, its record decides.
    () => undefined,
  );
  return wait(over.signal);
}

/** False where no request can be sent; why is recorded. */
export async function startLoad(
  ctx: CheckContext,
  scenario: string,
  variables: Record<string, string | number>,
): Promise<boolean> {
  const { id: check, trial } = ctx;
  const unsent = await whyNotSent(() => ctx.runner.call('load.start', { check, trial, scenario, variables }));
  if (unsent !== null) ctx.unavailable('the load', unsent);
  return unsent === null;
}

export async function stopLoad(ctx: CheckContext): Promise<void> {
  const { stopped } = await ctx.runner.call('load.stop', { check: ctx.id });
  if (stopped) ctx.record('load-ended');
}
