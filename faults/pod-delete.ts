import { z } from 'zod';
import { monoMs } from '../host/clock.ts';
import { lookFor } from '../host/wait.ts';
import type { Fault, FaultContext, FaultMember, Landing, Preparation } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';

const LOOK_EVERY_MS = 10;

declare module './_common/fault.ts' {
  interface FaultNames {
    'pod-delete': true;
  }
}

/**
 * Deletion through the Kubernetes API with grace period 0. It is milder than a crash: the pod is taken out of the Services and still
 * gets SIGTERM. The StatefulSet creates a new pod with the same name.
 */
export const fault: Fault = {
  id: 'pod-delete',
  order: 20,
  title: 'the pod deleted through the API without grace',
  ofLeader: "the leader's pod deleted without grace",
  heals: true,
  anyPod: true,
  needsAnother: false,
  rights: [{ verbs: ['get', 'delete'], group: '', resource: 'pods', where: 'platform' }],
  refusal: () => null,
  inject: (ctx) => injectInto(ctx, 'pod-delete', (member) => Promise.resolve(prepare(ctx, member))),
};

function prepare(ctx: FaultContext, member: FaultMember): Preparation {
  return {
    member,
    found: `pod ${member.uid}`,
    rollbacks: [], // the StatefulSet creates the pod again
    act: async (acted) => {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid: member.uid },
      };
      const timeoutMs = ctx.timeoutMs('apiRequest');
      const thereMs = monoMs();
      const before = await look(ctx, member);
      if (!before.there || before.ending)
        return `${member.name} (${member.uid}) was gone or terminating before the deletion was sent`;
      const { status } = await ctx.kube({ method: 'DELETE', path: pathOf(ctx, member), body, timeoutMs });
      acted(`deleted, answered ${status}`);
      // The API server deletes in two steps. If kubelet removes the pod in between, the second finds none (404) or a new one (409).
      if (status >= 300 && status !== 404 && status !== 409)
        return `the API server refused to delete ${member.name}: ${status}`;
      return awaitGone(ctx, member, thereMs);
    },
  };
}

/** Landed when the API server no longer has a pod with this UID. */
async function awaitGone(ctx: FaultContext, member: FaultMember, thereMs: number): Promise<Landing | string> {
  const limitMs = ctx.timeoutMs('faultLanding');
  let lastBeforeMs = thereMs;
  const landing = await lookFor<Landing>(
    async () => {
      const sentMs = monoMs();
      const { there } = await look(ctx, member);
      const landedMs = monoMs();
      if (there) {
        lastBeforeMs = sentMs;
        return null;
      }
      const proof = `pod ${member.uid} (${member.name}) disappeared from the API server between ${lastBeforeMs.toFixed(1)} and ${landedMs.toFixed(1)} ms`;
      return { lastBeforeMs, landedMs, by: 'UID gone from the API', proof };
    },
    { deadlineMs: limitMs, intervalMs: LOOK_EVERY_MS },
  );
  return landing ?? `${member.name} (${member.uid}) was still in the API after ${limitMs} ms`;
}

const podSeen = z.object({
  metadata: z.object({ uid: z.string(), deletionTimestamp: z.string().optional() }),
});

/** Whether the API still has a pod with this UID, and whether that pod is terminating. An unreadable answer counts as "there". */
async function look(ctx: FaultContext, member: FaultMember): Promise<{ there: boolean; ending: boolean }> {
  const timeoutMs = ctx.timeoutMs('apiRequest');
  const { status, body } = await ctx.kube({ method: 'GET', path: pathOf(ctx, member), timeoutMs });
  if (status !== 200) return { there: status !== 404, ending: false };
  const said = podSeen.safeParse(body).data?.metadata;
  if (said === undefined) return { there: true, ending: false };
  return { there: said.uid === member.uid, ending: said.deletionTimestamp !== undefined };
}

function pathOf(ctx: FaultContext, member: FaultMember): string {
  return `/api/v1/namespaces/${ctx.namespace}/pods/${member.name}`;
}
