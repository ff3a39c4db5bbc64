import { monoMs } from '../../../host/clock.ts';
import { retry } from '../../../host/wait.ts';
import { setting } from '../_objects/declared.ts';
import type { CheckContext } from '../../harness/context.ts';

export const LOOK_EVERY_MS = 250;

/**
 * Records the current leader of each declared store. A store that does not answer is queried again until `settle` has passed:
 * one slow answer on a busy machine says nothing about the leader.
 */
export async function recordLeaders(ctx: CheckContext, when: string | null = null): Promise<void> {
  const untilMs = monoMs() + ctx.timeoutMs('settle');
  for (const store of Object.keys(setting(ctx, 'stores'))) await recordLeader(ctx, { store, when, untilMs });
}

async function recordLeader(
  ctx: CheckContext,
  { store, when, untilMs }: { store: string; when: string | null; untilMs: number },
): Promise<void> {
  try {
    const seen = await retry(() => ctx.runner.call('store.describe', { store }), {
      deadlineMs: untilMs - monoMs(),
      intervalMs: LOOK_EVERY_MS,
      signal: ctx.signal,
    });
    // With its term: it changes when a leader steps down and comes back: that too is a disturbance.
    const leader = [seen.leader ?? 'nobody', ...(seen.term === undefined ? [] : [seen.term])].join(', ');
    ctx.record('store-leader', { store, when, leader });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable(`the leader of ${store}`, String(error));
  }
}
