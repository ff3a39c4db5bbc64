import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../host/clock.ts';
import { missed, untouched } from './_common/fault.ts';
import type { Fault, FaultContext, FaultResult } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';
import { BY_POD_ON_NODE } from './_common/right.ts';

/** PostgreSQL's port on the leader: the replicas stream from it. */
const REPLICATION_PORT = 5432;
const TABLE = 'plumbline_cut';
/** Long enough for some hundred acknowledged writes, short enough that Patroni still promotes a replica (lag below 1 MiB). */
const CUT_MS = 3_000;

/**
 * For controls only: the replicas are cut off from the leader's writes, and CUT_MS later the leader crashes. The rollback lifts the cut
 * only after a replica has taken over. With asynchronous commit this loses acknowledged writes, which the check must count.
 */
export const fault: Fault = {
  id: 'cut-then-crash',
  order: 100,
  ofLeader: 'its replicas cut off, then the leader crashed',
  forControlsOnly: true,
  title: 'replicas cut off, then the leader crashed (controls only)',
  heals: false,
  anyPod: false,
  needsAnother: true,
  rights: BY_POD_ON_NODE,
  refusal: needsNode('cut-then-crash'),
  inject: cutAndCrash,
};

async function cutAndCrash(ctx: FaultContext): Promise<FaultResult> {
  const leader = ctx.members.find(({ name }) => name === ctx.leader);
  const address = leader?.ip;
  if (leader === undefined || address === undefined || address === null)
    return missed(ctx, ctx.target, `${ctx.store} has no leader with an address now`, monoMs());
  const replicas = ctx.members.filter(({ name }) => name !== leader.name);
  const cuts = [{ name: leader.name, address, ports: [REPLICATION_PORT] }];
  const preparations = await Promise.all(replicas.map((member) => ctx.injector.cut(member, cuts, TABLE)));
  const prepared = preparations.filter((one) => 'act' in one);
  const reasons = preparations.flatMap((one) => ('reason' in one ? [one.reason] : []));
  if (reasons.length > 0 || prepared.length === 0)
    return missed(ctx, ctx.target, reasons.join('; ') || `${ctx.store} has no replica`, monoMs());
  const unrest = await ctx.calm();
  if (unrest !== null) return untouched(ctx.target, unrest);
  const notCut: string[] = [];
  await ctx.perform({
    check: ctx.check,
    title: `replicas of ${ctx.store} cut off from port ${REPLICATION_PORT}`,
    access: 'fault',
    fault: 'cut-then-crash',
    rollbacks: prepared.flatMap(({ rollbacks }) => rollbacks),
    act: async () => {
      for (const one of prepared) {
        const outcome = await one.act(() => undefined);
        if (typeof outcome === 'string') notCut.push(outcome);
      }
    },
  });
  if (notCut.length > 0) return missed(ctx, ctx.target, notCut.join('; '), monoMs());
  ctx.write({ kind: 'replicas-cut', t: monoMs(), replicas: replicas.map(({ name }) => name) });
  await sleep(CUT_MS, undefined, { signal: ctx.signal });
  // The cut stays during the crash: the kernel still holds data of the killed server in its socket buffers, and would deliver it.
  // Nothing waits any more: the longer the cut, the less likely is one of the replicas to be promoted.
  const now = { ...ctx, calm: () => Promise.resolve(null) };
  return await injectInto(now, 'cut-then-crash', (member) => ctx.injector.crash(member));
}
