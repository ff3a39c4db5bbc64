import { STORES } from '../../probes/stores.ts';
import type { CheckContext } from '../harness/check.ts';
import { listPods, setting } from './declared.ts';
import { recordEvidence } from './evidence.ts';
import { ownerOf } from './shapes.ts';

/** Asks every declared store who it thinks it is, and tries to write where applications only read. */
export async function observeRoles(ctx: CheckContext): Promise<void> {
  const stores = setting(ctx, 'stores') ?? {};
  for (const [store, declared] of Object.entries(stores)) {
    if (!STORES.includes(store)) continue; // its probe is not built
    const healthy = await ctx.step(`ask ${store} for its members and roles`, () => recordMembers(ctx, store));
    const { replica } = declared;
    if (replica !== undefined)
      await ctx.step(`try to write to the read Service of ${store}`, () => tryToWrite(ctx, store, replica));
    if (healthy) continue;
    const pods = ((await listPods(ctx)) ?? []).filter(
      (pod) =>
        ownerOf(pod).name === declared.statefulSet.name &&
        pod.metadata.namespace === declared.statefulSet.namespace,
    );
    await recordEvidence(ctx, pods);
  }
}

async function recordMembers(ctx: CheckContext, store: string): Promise<boolean> {
  try {
    const seen = await ctx.runner.call('store.describe', { store });
    for (const member of seen.members) ctx.record('member', { store, ...member });
    for (const condition of seen.conditions ?? []) ctx.record('condition', { store, ...condition });
    const inOrder = (seen.conditions ?? []).every(({ ok }) => ok);
    return inOrder && (seen.leader !== null || seen.members.every(({ role }) => role === 'peer'));
  } catch (error) {
    ctx.record('store-down', { store, reason: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

async function tryToWrite(
  ctx: CheckContext,
  store: string,
  at: { host: string; port: number },
): Promise<void> {
  const address = `${at.host}:${at.port}`;
  try {
    const seen = await ctx.runner.call('store.refusesWrites', {
      check: ctx.id,
      store,
      ...at,
      timeoutMs: ctx.timeoutMs('storeOperation'),
    });
    ctx.record('read-service', { store, address, ...seen });
  } catch (error) {
    ctx.record('read-service', {
      store,
      address,
      error: true,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}
