import { setTimeout as sleep } from 'node:timers/promises';
import { killProcesses, podProcesses, processAlive } from '../../env/local/nodes/index.ts';
import type { InstanceName, PodProcess, ProcessId } from '../../env/local/nodes/index.ts';
import { monoMs } from '../../probes/clock.ts';
import { missed } from './fault.ts';
import type { Fault, FaultContext, FaultMember, FaultResult } from './fault.ts';
import { chooseTarget } from './target.ts';

/** How often the processes are looked at: the error of the landing time. */
const LOOK_EVERY_MS = 1;

/** Processes that were killed, and between which two looks the last of them was gone. CLOCK_MONOTONIC ms. */
export interface Killed {
  processes: readonly ProcessId[];
  lastAliveMs: number;
  goneMs: number;
}

/** SIGKILL to every process of the pod, from the node: nothing in the pod gets a word in. Kubernetes starts it again. */
export const podCrash: Fault = {
  id: 'pod-crash',
  title: 'every process of the pod killed from its node',
  refusal: ({ embedded }) =>
    embedded === undefined
      ? 'pod-crash acts on the node and is built for the embedded environment only; pod-delete works anywhere'
      : null,
  inject: (ctx) => crash(ctx, 'pod-crash'),
};

/** Crashes the target of the context and proves it; also the last step of faults that prepare a crash. */
export async function crash(ctx: FaultContext, fault: string): Promise<FaultResult> {
  const chosen = chooseTarget(ctx);
  if ('reason' in chosen) return missed(ctx, ctx.target, chosen.reason, monoMs());
  const { member } = chosen;
  const found = processesOf(ctx.embedded, member);
  ctx.write({
    kind: 'fault-armed',
    t: monoMs(),
    fault,
    target: member.name,
    node: member.node,
    processes: found.map(briefly),
  });
  if (found.length === 0) {
    return missed(
      ctx,
      member.name,
      `${member.name} has no process on ${member.node ?? 'any node'}: it was dead already, or is not where it should be`,
      monoMs(),
    );
  }
  ctx.signal.throwIfAborted();
  let killed: Killed | null = null;
  await ctx.perform({
    check: ctx.check,
    title: `${fault} of ${ctx.namespace}/${member.name}`,
    access: 'fault',
    fault,
    // kubelet starts the containers again.
    inverses: [],
    act: async () => {
      const sent = killProcesses(found);
      ctx.write({
        kind: 'fault-acted',
        t: monoMs(),
        signalled: sent.killed.length,
        goneBefore: sent.gone.length,
      });
      if (sent.killed.length > 0) killed = await awaitGone(ctx, member, found);
    },
  });
  return landing(ctx, member, killed);
}

/** Waits until none of the processes is left, nor any that they started meanwhile in the same containers. */
async function awaitGone(
  ctx: FaultContext,
  member: FaultMember,
  first: readonly PodProcess[],
): Promise<Killed | null> {
  const until = monoMs() + ctx.timeoutMs('faultLanding');
  const containers = new Set(first.map(({ containerId }) => containerId));
  let processes: readonly PodProcess[] = first;
  for (let lastAliveMs = monoMs(); ;) {
    const lookMs = monoMs();
    if (!processes.some(processAlive)) {
      const late = processesOf(ctx.embedded, member).filter(
        (one) => containers.has(one.containerId) && processAlive(one),
      );
      if (late.length === 0) return { processes, lastAliveMs, goneMs: monoMs() };
      processes = [...processes, ...late];
      killProcesses(late);
    }
    lastAliveMs = lookMs;
    if (lookMs > until) return null;
    await sleep(LOOK_EVERY_MS);
  }
}

function landing(ctx: FaultContext, member: FaultMember, killed: Killed | null): FaultResult {
  if (killed === null) {
    return missed(
      ctx,
      member.name,
      `not every process of ${member.name} was gone within ${ctx.timeoutMs('faultLanding')} ms`,
      monoMs(),
    );
  }
  const { processes, lastAliveMs, goneMs } = killed;
  const proof =
    `all ${processes.length} processes of ${member.name} on ${member.node ?? '?'} are gone, the last of them between ` +
    `${lastAliveMs.toFixed(1)} and ${goneMs.toFixed(1)} ms: ${processes.map(briefly).join(' ')}`;
  ctx.write({
    kind: 'fault-landed',
    t: goneMs,
    by: 'processes gone',
    proof,
    betweenMs: [lastAliveMs, goneMs],
  });
  return { target: member.name, landedAtMs: goneMs, proof };
}

/** The pod's processes as the host sees them; none where the environment is not this machine. */
export function processesOf(embedded: InstanceName | undefined, member: FaultMember): PodProcess[] {
  if (embedded === undefined || member.node === null) return [];
  return podProcesses({ instance: embedded, node: member.node, podUid: member.uid });
}

/** `pid@start time`: what makes a process this one and no later one. */
function briefly({ pid, startTime }: ProcessId): string {
  return `${pid}@${startTime}`;
}
