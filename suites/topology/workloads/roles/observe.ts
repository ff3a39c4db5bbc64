import { listPods, setting } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import { cannotAskIn, downIn } from '../../../../probes/asking.ts';
import { isMemberPod } from '../../../../probes/store/member-pods.ts';
import { STORES } from '../../../../probes/stores.ts';
import { RequestError } from '../../../harness/request-error.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { monoMs } from '../../../../host/clock.ts';
import { lookUntil } from '../../../../host/wait.ts';
import type { StoreDescription } from '../../../../probes/store/store-driver.ts';
import { storeFacts } from '../../../../reports/record/facts/store-facts.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

const LOOK_EVERY_MS = 2000;

/** Asks every declared store for its members and roles, and tries to write to its read Service; where the run may only read, it is asked. */
export async function observe(ctx: CheckContext): Promise<void> {
  const untilMs = monoMs() + ctx.timeoutMs('settle');
  for (const [store, declared] of Object.entries(setting(ctx, 'stores'))) {
    if (!STORES.includes(store)) continue; // its probe is not built
    const healthy = await ctx.step(`ask ${store} for its members and roles`, () =>
      recordMembers(ctx, store, untilMs),
    );
    const { replica } = declared;
    if (replica !== undefined) await recordReadService(ctx, store, replica);
    if (healthy) continue;
    const pods = (await listPods(ctx)) ?? [];
    await recordEvidence(
      ctx,
      pods.filter((pod) => isMemberPod(pod, declared)),
    );
  }
}

function isHealthy(store: string, { leader, members, conditions = [] }: StoreDescription): boolean {
  const { serving, following } = storeFacts(store).members ?? { serving: 'running', following: 'running' };
  return (
    conditions.every(({ ok }) => ok !== false) &&
    members.every(({ state }) => state === serving || state === following) &&
    (leader !== null || members.every(({ role }) => role === 'peer'))
  );
}

/**
 * A store that is not well yet, as after a new index or an election, is looked at again: what stays so is recorded.
 * @param untilMs all stores together have so long, by the monotonic clock
 */
export async function recordMembers(ctx: CheckContext, store: string, untilMs: number): Promise<boolean> {
  try {
    const described = await lookUntil(
      () => ctx.runner.call('store.describe', { store }),
      (now) => isHealthy(store, now),
      { deadlineMs: untilMs - monoMs(), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
    );
    const { leader, members, conditions = [] } = described;
    ctx.record('described', { store, leader });
    for (const member of members) ctx.record('member', { store, ...member });
    for (const condition of conditions) ctx.record('condition', { store, ...condition });
    return isHealthy(store, described);
  } catch (error) {
    recordUnseen(ctx, store, error);
    return false;
  }
}

/** Records a store as down only if its server refuses, is silent or has no pod. If it merely cannot be queried, that is not its fault. */
export function recordUnseen(ctx: CheckContext, store: string, error: unknown): void {
  ctx.signal.throwIfAborted();
  const word = error instanceof RequestError ? error.reason : '';
  const down = downIn(word);
  if (down !== null) ctx.record('store-down', { store, cause: down, reason: errorText(error) });
  else
    ctx.record('store-unasked', { store, cause: cannotAskIn(word) ?? 'protocol', reason: errorText(error) });
}

/** Exported for tests. */
export async function recordReadService(
  ctx: CheckContext,
  store: string,
  at: { host: string; port: number },
): Promise<void> {
  const asked = { store, ...at, timeoutMs: ctx.timeoutMs('storeOperation') };
  const answer = (): Promise<{ refused: boolean | null; detail: string }> =>
    ctx.settings.readOnly === true
      ? ctx.step(`ask the read Service of ${store} whether it only reads`, () =>
          ctx.runner.call('store.onlyReads', asked),
        )
      : ctx.step(`try to write to the read Service of ${store}`, () =>
          ctx.runner.call('store.refusesWrites', { check: ctx.id, ...asked }),
        );
  const { refused, detail } = await answer().catch((error: unknown) => ({
    refused: null,
    detail: errorText(error),
  }));
  ctx.record('read-service', { store, address: `${at.host}:${at.port}`, refused, detail });
}
