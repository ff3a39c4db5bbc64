import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../host/clock.ts';
import { missed } from './_common/fault.ts';
import type { Fault, FaultContext, FaultResult } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';

/** PostgreSQL's port: what the replicas no longer hear from. */
const REPLICATION_PORT = 5432;
const TABLE = 'plumbline_cut';
/** Long enough for some hundred acknowledged writes, short enough that Patroni still takes a replica for leader (1 MiB of lag). */
const CUT_MS = 3_000;

/**
 * For controls only: the replicas no longer receive what the leader writes, and some seconds later the leader crashes. They hear
 * from it again when the fault is undone, after another has taken over. With asynchronous commit this loses acknowledged writes,
 * which the check must count.
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
  const notCut: string[] = [];
  await ctx.perform({
    check: ctx.check,
    title: `replicas of ${ctx.store} cut off from port ${REPLICATION_PORT}`,
    access: 'fault',
    fault: 'cut-then-crash',
    inverses: prepared.flatMap(({ inverses }) => inverses),
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
  // The cut outlasts the crash: the kernel keeps what a killed server had handed to it, and would send it as soon as it can.
  return await injectInto(ctx, 'cut-then-crash', (member) => ctx.injector.crash(member));
}
