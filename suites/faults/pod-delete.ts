import { setTimeout as sleep } from 'node:timers/promises';
import { processAlive } from '../../env/local/nodes/index.ts';
import { monoMs } from '../../probes/clock.ts';
import { missed } from './fault.ts';
import type { Fault, FaultContext, FaultMember, FaultResult } from './fault.ts';
import { processesOf } from './pod-crash.ts';
import { chooseTarget } from './target.ts';

const LOOK_EVERY_MS = 10;

/**
 * Deletion through the API without grace: the kind case. Kubernetes takes the pod out of the Services and still sends
 * SIGTERM; the StatefulSet makes a new pod of the name.
 */
export const podDelete: Fault = {
  id: 'pod-delete',
  title: 'the pod deleted through the API without grace',
  refusal: () => null,
  inject: deletePod,
};

async function deletePod(ctx: FaultContext): Promise<FaultResult> {
  const chosen = chooseTarget(ctx);
  if ('reason' in chosen) return missed(ctx, ctx.target, chosen.reason, monoMs());
  const { member } = chosen;
  const processes = processesOf(ctx.embedded, member);
  ctx.write({
    kind: 'fault-armed',
    t: monoMs(),
    fault: 'pod-delete',
    target: member.name,
    node: member.node,
    uid: member.uid,
  });
  ctx.signal.throwIfAborted();
  let status = 0;
  await ctx.perform({
    check: ctx.check,
    title: `pod-delete of ${ctx.namespace}/${member.name}`,
    access: 'fault',
    fault: 'pod-delete',
    // The StatefulSet makes the pod again.
    inverses: [],
    act: async () => {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid: member.uid },
      };
      const reply = await ctx.kube({
        method: 'DELETE',
        path: pathOf(ctx, member),
        body,
        timeoutMs: ctx.timeoutMs('apiRequest'),
      });
      status = reply.status;
      ctx.write({ kind: 'fault-acted', t: monoMs(), status });
    },
  });
  // 409: the UID is another one's by now.
  if (status === 404 || status === 409)
    return missed(
      ctx,
      member.name,
      `${member.name} (${member.uid}) was gone before it was deleted`,
      monoMs(),
    );
  if (status >= 300)
    return missed(ctx, member.name, `the API server refused to delete ${member.name}: ${status}`, monoMs());
  const result = await awaitGone(ctx, member);
  if (result.landedAtMs !== null && processes.length > 0) await awaitProcesses(ctx, processes);
  return result;
}

/** Landed when the API server knows no pod of this UID any more. */
async function awaitGone(ctx: FaultContext, member: FaultMember): Promise<FaultResult> {
  const limitMs = ctx.timeoutMs('faultLanding');
  const until = monoMs() + limitMs;
  for (let lastSeenMs = monoMs(); ;) {
    const sentMs = monoMs();
    const reply = await ctx.kube({
      method: 'GET',
      path: pathOf(ctx, member),
      timeoutMs: ctx.timeoutMs('apiRequest'),
    });
    const uid = (reply.body as { metadata?: { uid?: string } }).metadata?.uid;
    const goneMs = monoMs();
    if (reply.status === 404 || (reply.status === 200 && uid !== member.uid)) {
      const proof = `the API server knows no pod ${member.uid} (${member.name}) any more, since between ${lastSeenMs.toFixed(1)} and ${goneMs.toFixed(1)} ms`;
      ctx.write({
        kind: 'fault-landed',
        t: goneMs,
        by: 'UID gone from the API',
        proof,
        betweenMs: [lastSeenMs, goneMs],
      });
      return { target: member.name, landedAtMs: goneMs, proof };
    }
    lastSeenMs = sentMs;
    if (goneMs > until)
      return missed(
        ctx,
        member.name,
        `${member.name} (${member.uid}) was still in the API after ${limitMs} ms`,
        goneMs,
      );
    await sleep(LOOK_EVERY_MS);
  }
}

/** Says when the processes followed: until then the deleted pod may still serve. No proof and no condition of the landing. */
async function awaitProcesses(
  ctx: FaultContext,
  processes: readonly { pid: number; startTime: string }[],
): Promise<void> {
  const until = monoMs() + ctx.timeoutMs('faultLanding');
  while (processes.some(processAlive) && monoMs() < until && !ctx.signal.aborted) await sleep(LOOK_EVERY_MS);
  const left = processes.filter(processAlive).length;
  ctx.write({ kind: 'fault-processes-gone', t: monoMs(), left });
}

function pathOf(ctx: FaultContext, member: FaultMember): string {
  return `/api/v1/namespaces/${ctx.namespace}/pods/${member.name}`;
}
