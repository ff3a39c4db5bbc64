import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../env/local/run.ts';
import { monoMs } from '../../probes/clock.ts';
import { missed } from './fault.ts';
import type { Fault, FaultContext, FaultInverse, FaultResult } from './fault.ts';
import { crash, podCrash, processesOf } from './pod-crash.ts';

/** PostgreSQL's port: what the replicas no longer hear from. */
const REPLICATION_PORT = 5432;
const TABLE = 'plumbline_cut';
const COMMAND_TIMEOUT_MS = 10_000;
/** Long enough for some hundred acknowledged writes, short enough that Patroni still takes a replica for leader (1 MiB of lag). */
const CUT_MS = 3_000;

/**
 * For controls only: the replicas no longer receive what the leader writes, for some seconds, and then the leader
 * crashes. With asynchronous commit this loses acknowledged writes, which the check must count.
 */
export const cutThenCrash: Fault = {
  id: 'cut-then-crash',
  title: 'replicas cut off, then the leader crashed (controls only)',
  refusal: podCrash.refusal,
  inject: cutAndCrash,
};

async function cutAndCrash(ctx: FaultContext): Promise<FaultResult> {
  const replicas = ctx.members.filter(({ name }) => name !== ctx.leader);
  const anchors = replicas.map((member) => oldest(processesOf(ctx.embedded, member)));
  const found = anchors.filter((one) => one !== undefined);
  if (found.length === 0 || found.length < replicas.length) {
    return missed(
      ctx,
      ctx.target,
      `not every replica of ${ctx.store} has a process to reach its network by`,
      monoMs(),
    );
  }
  const inverses: FaultInverse[] = found.map(({ pid, startTime }) => ({
    kind: 'packet-filter',
    pid,
    startTime,
    table: TABLE,
  }));
  await ctx.perform({
    check: ctx.check,
    title: `replicas of ${ctx.store} cut off from port ${REPLICATION_PORT}`,
    access: 'fault',
    fault: 'cut-then-crash',
    inverses,
    act: async () => {
      for (const { pid } of found) await cut(pid);
    },
  });
  ctx.write({ kind: 'replicas-cut', t: monoMs(), replicas: replicas.map(({ name }) => name) });
  await sleep(CUT_MS, undefined, { signal: ctx.signal });
  const result = await crash(ctx, 'cut-then-crash');
  await ctx.restore();
  ctx.write({ kind: 'replicas-joined', t: monoMs() });
  return result;
}

/** The sandbox's own process: it lives as long as the pod's network does, while containers come and go. */
function oldest<P extends { startTime: string }>(processes: readonly P[]): P | undefined {
  return processes.toSorted((a, b) => Number(a.startTime) - Number(b.startTime))[0];
}

/** Drops what a pod sends to and hears from the port on other pods; its own server stays reachable for itself. */
async function cut(pid: number): Promise<void> {
  const rules = [
    `table inet ${TABLE} {`,
    `  chain input { type filter hook input priority -300; iifname != "lo" tcp sport ${REPLICATION_PORT} drop; }`,
    `  chain output { type filter hook output priority -300; oifname != "lo" tcp dport ${REPLICATION_PORT} drop; }`,
    '}',
  ].join('\n');
  await run(['nsenter', `--net=/proc/${pid}/ns/net`, '--', 'nft', '-f', '-'], {
    timeoutMs: COMMAND_TIMEOUT_MS,
    input: rules,
  });
}
