import { monoMs } from '../../../host/clock.ts';
import { API_OBJECT } from '../_trial/api-object.ts';
import {
  clientLoadFlows,
  clientLoadRecovered,
  clientLoadStarted,
  clientLoadStopped,
  rtoDeadlineOf,
} from '../_trial/client-load.ts';
import { scaledPods } from '../_trial/scaled-pods.ts';
import { asBefore, logsKept, trial } from '../_trial/trial.ts';
import { STEADY_MS } from '../../../reports/judge/failover/outages/recovery.ts';
import { MIN_ACKNOWLEDGED } from '../_judge/outages/rto.ts';
import { KILLED_PODS } from '../../../reports/record/names/control-plane-faults.ts';
import type { ControlPlaneFault } from '../../../reports/record/names/control-plane-faults.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { hasEnded } from '../../../probes/store/member-pods.ts';
import { lookUntil, repeat } from '../../../host/wait.ts';
import { heldTo, parseJson } from '../../../host/json.ts';
import { etcdLeader } from '../../topology/_cluster/etcd.ts';
import { recordLeaders } from '../../topology/_cluster/leaders.ts';
import { listPods } from '../../topology/_objects/declared.ts';
import { ownerOf } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Kubernetes writes when a container started in whole seconds. */
const START_PRECISION_MS = 1_000;

const LEADER_POLL_MS = 500;

/** Least time for which the killed processes are kept down: longer than the controllers' leases (15 s) and kubelet's retries. */
const HOLD_MS = 30_000;

const SYSTEM = 'kube-system';

/** The holder of this lease leads the controllers. */
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases/kube-controller-manager`;

const lease = z.object({ spec: z.object({ holderIdentity: z.string().optional() }).optional() });

const register = z.object({ data: z.object({ n: z.string().optional() }).optional() });

/** What is killed on the node that leads, and how the leader is found. */
interface Aim {
  what: string;
  pods: string[];
  leader(ctx: CheckContext): Promise<string | null>;
}

const AIMS: Record<ControlPlaneFault, Aim> = {
  'leader-crash': {
    what: 'the leader of the controllers, with its API server',
    pods: [...KILLED_PODS['leader-crash']],
    leader: leaseHolder,
  },
  'etcd-crash': { what: 'the leader of etcd', pods: [...KILLED_PODS['etcd-crash']], leader: leadingEtcd },
};

/**
 * Numbered writes through the clients' address, while the leader is killed and kept down.
 * Leaders of the stores and starts of every pod are recorded before and after.
 */
export async function observe(ctx: CheckContext, fault: ControlPlaneFault): Promise<void> {
  const aim = AIMS[fault];
  const { pods } = aim;
  const watching = new AbortController();
  let node = '';
  let observed: Promise<void> = Promise.resolve();
  const unwatched = async (): Promise<void> => {
    watching.abort();
    await observed;
  };
  const rtoDeadlineMs = rtoDeadlineOf(ctx);
  await trial(ctx, {
    load: async () => {
      await look(ctx);
      const leader = await ctx.step(`find ${aim.what}`, () => aim.leader(ctx));
      ctx.record('steady', { ok: leader !== null, leader, detail: `leader: ${leader ?? 'none'}` });
      if (leader === null) return false;
      node = leader;
      await ctx.step('create the object to write to', () => ctx.cluster.apply([objectOf(ctx)]));
      const title = 'write through the address that clients use';
      if (!(await clientLoadStarted(ctx, title, 'control-plane'))) return false;
      observed = followLeader(ctx, aim, AbortSignal.any([watching.signal, ctx.signal]));
      const stretchMs = ctx.settings.drills.steadySeconds * 1000;
      return clientLoadFlows(ctx, { operations: 'writes', stretchMs, count: MIN_ACKNOWLEDGED });
    },
    aim: () =>
      ctx.step(`kill ${pods.join(', ')} of ${node} and keep them down`, () =>
        ctx.runner.call('controlPlane.crash', { check: ctx.id, trial: ctx.trial, fault, node, pods }),
      ),
    recovered: async ({ landedAtMs }) => {
      if (landedAtMs === null) return;
      const title = `wait until writes succeed again for ${STEADY_MS / 1000} s`;
      await clientLoadRecovered(ctx, title, { rtoDeadlineMs });
      await ctx.step('keep the killed pods down for a while', () =>
        sleep(Math.max(0, landedAtMs + HOLD_MS - monoMs()), undefined, { signal: ctx.signal }),
      );
    },
    afterwards: async (span) => {
      await back(ctx, { node, pods, sinceMs: span.fromMs });
      await clientLoadRecovered(ctx, 'see that writes still succeed', { rtoDeadlineMs });
      // At once: a write that fails after the stretch would leave an outage without an end.
      await ctx.step('stop writing and wait for outstanding answers', () => clientLoadStopped(ctx));
      await unwatched();
      await ctx.step('read the object', () => readObject(ctx));
      await logsKept(ctx, { namespace: SYSTEM, prefixes: pods }, span);
      await look(ctx);
      await asBefore(ctx);
    },
    stop: [unwatched, () => clientLoadStopped(ctx)],
  });
}

/** Records the leader of each store, and all pods with their restarts. */
async function look(ctx: CheckContext): Promise<void> {
  await ctx.step('record the leader of each store', () => recordLeaders(ctx));
  await ctx.step('record every pod and its restarts', async () => {
    const all = ((await listPods(ctx)) ?? []).filter(stays);
    const pods = all.filter(({ status }) => status.phase === 'Running');
    // Without autoscalers, a pod that was scaled away counts as disturbed; that need not invalidate the whole trial.
    const autoscalers = await ctx.cluster.list({ kind: 'autoscaling/v2/HorizontalPodAutoscaler' });
    ctx.record('platform-pods', {
      pods: pods.map(rowOf),
      scaled: scaledPods(all, autoscalers.items).map(([pod, workload]) => ({ pod, workload })),
    });
  });
}

/** False for pods that have ended or are ending, or end by themselves, and for Plumbline's own. A pod that waits for a node counts: it has replaced another. */
export function stays(pod: PodObject): boolean {
  const { metadata, spec } = pod;
  const own = metadata.labels?.['app.kubernetes.io/managed-by'] === 'plumbline';
  // Pods of Jobs, and of whatever else runs something once.
  const passes = ownerOf(pod).kind === 'Job' || (spec.restartPolicy ?? 'Always') !== 'Always';
  return !own && !hasEnded(pod) && !passes && metadata.deletionTimestamp === undefined;
}

function rowOf(pod: PodObject): Fields<'platform-pods'>['pods'][number] {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const statuses = pod.status.containerStatuses ?? [];
  const restarts = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  return {
    pod: `${namespace}/${name}`,
    uid,
    restarts,
    node: pod.spec.nodeName ?? null,
    static: ownerOf(pod).kind === 'Node',
  };
}

/** `control-2_3f0c…`: the node, then a random name. */
async function leaseHolder(ctx: CheckContext): Promise<string | null> {
  const answer = await ctx.cluster.raw(LEASE);
  if (answer.status !== 200) return null;
  const { holderIdentity: holder = '' } = lease.safeParse(parseJson(answer.body)).data?.spec ?? {};
  const cut = holder.lastIndexOf('_');
  return cut > 0 ? holder.slice(0, cut) : null;
}

async function leadingEtcd(ctx: CheckContext): Promise<string | null> {
  const pods = ((await listPods(ctx)) ?? []).filter(
    ({ metadata }) => metadata.namespace === SYSTEM && metadata.labels?.['component'] === 'etcd',
  );
  return etcdLeader(ctx, pods);
}

/** Polls the leader; an API server that does not answer yields no observation. */
async function followLeader(ctx: CheckContext, aim: Aim, signal: AbortSignal): Promise<void> {
  let last: string | null | undefined;
  await repeat(LEADER_POLL_MS, signal, async () => {
    const askedMs = monoMs();
    const leader = await aim.leader(ctx).catch(() => undefined);
    const pollMs = Math.round(monoMs() - askedMs + LEADER_POLL_MS);
    if (leader !== undefined && leader !== null && leader !== last) {
      ctx.record('leader', { leader, pollMs });
      last = leader;
    }
  });
  ctx.record('leader', { leader: last ?? null, pollMs: LEADER_POLL_MS, final: true });
}

/**
 * Waits until the killed pods run again. Readiness alone proves nothing: the API shows a mirror of a static pod, which is stale until
 * kubelet syncs. So containers must have started since. Without etcd it takes longest: kubelet waits 34 s at a time for its local API
 * server to delete the mirror, which cannot succeed, and may reach the pod only after that API server's liveness probe ended it (8
 * failures 10 s apart; 126 s were measured).
 */
async function back(ctx: CheckContext, of: { node: string; pods: string[]; sinceMs: number }): Promise<void> {
  const names = of.pods.map((pod) => `${pod}-${of.node}`);
  const sinceWallMs = Date.now() - (monoMs() - of.sinceMs) - START_PRECISION_MS;
  const look = async (): Promise<{ ok: boolean; detail: string }> => {
    const listed = await ctx.cluster.list({ kind: 'v1/Pod', namespace: SYSTEM });
    const again = listed.items.filter(
      (pod) => names.includes(pod.metadata.name) && startedSince(pod, sinceWallMs),
    );
    const detail = listed.unavailable ?? `${again.length} of ${names.length} run again`;
    return { ok: again.length === names.length, detail };
  };
  const seen = await ctx.step(`wait until ${names.join(', ')} run again`, () =>
    lookUntil(look, ({ ok }) => ok, {
      deadlineMs: ctx.timeoutMs('membersRejoined'),
      intervalMs: LEADER_POLL_MS,
      signal: ctx.signal,
    }),
  );
  ctx.record('steady-after', seen);
}

function startedSince({ status }: PodObject, wallMs: number): boolean {
  const statuses = status.containerStatuses ?? [];
  return (
    statuses.length > 0 &&
    statuses.every(
      ({ ready, state }) => ready === true && Date.parse(state?.running?.startedAt ?? '') > wallMs,
    )
  );
}

function objectOf(ctx: CheckContext): {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
} {
  const { canary } = ctx.settings.namespaces;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: API_OBJECT, namespace: canary } };
}

async function readObject(ctx: CheckContext): Promise<void> {
  const { canary } = ctx.settings.namespaces;
  const what = 'the object that was written to';
  try {
    const answer = await ctx.cluster.raw(`/api/v1/namespaces/${canary}/configmaps/${API_OBJECT}`);
    if (answer.status !== 200) {
      ctx.unavailable(what, `status ${answer.status}`);
      return;
    }
    const { data = {} } = heldTo(register, parseJson(answer.body), what);
    ctx.record('register', { n: Number(data.n ?? 0) });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable(what, errorText(error));
  }
}
