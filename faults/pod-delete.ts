import { z } from 'zod';
import { monoMs } from '../host/clock.ts';
import { heldTo } from '../host/json.ts';
import { lookFor } from '../host/wait.ts';
import { hitOf } from './_common/fault.ts';
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
 * gets SIGTERM. Its controller creates a new pod: a StatefulSet one with the same name.
 */
export const fault: Fault = {
  id: 'pod-delete',
  order: 20,
  title: 'the pod deleted through the API without grace',
  ofLeader: "the leader's pod deleted without grace",
  heals: true,
  anyPod: true,
  needsAnother: false,
  rights: [
    { verbs: ['get', 'delete'], group: '', resource: 'pods', where: 'platform' },
    { verbs: ['list'], group: 'apps', resource: 'statefulsets', where: 'everywhere' },
  ],
  refusal: () => null,
  inject: (ctx) => injectInto(ctx, 'pod-delete', (member) => prepare(ctx, member)),
};

async function prepare(ctx: FaultContext, member: FaultMember): Promise<Preparation> {
  const reason = await whyNot(ctx, member);
  if (reason !== null) return { reason };
  return {
    member,
    found: `pod ${member.uid}`,
    rollbacks: [], // its controller creates the pod again
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

/**
 * Why the pod must not be deleted, since nothing undoes that: nobody would create it again, or with another template than it has. null: it may be, or it is
 * gone already.
 */
async function whyNot(ctx: FaultContext, member: FaultMember): Promise<string | null> {
  const timeoutMs = ctx.timeoutMs('apiRequest');
  const { status, body } = await ctx.kube({ method: 'GET', path: pathOf(ctx, member), timeoutMs });
  if (status === 404) return null;
  const pod = podOwned.safeParse(body).data?.metadata;
  if (status !== 200 || pod === undefined)
    return `whether anything would create ${member.name} again is not known: the API server answered ${status} for the pod`;
  return pod.uid === member.uid ? whyNotAgain(ctx, member, pod) : null;
}

async function whyNotAgain(ctx: FaultContext, { name }: FaultMember, pod: Owned): Promise<string | null> {
  const controller = pod.ownerReferences.find((owner) => owner.controller);
  if (controller === undefined)
    return `${name} has no controller (an owner reference with controller: true): nothing would create it again`;
  const revision = pod.labels[REVISION];
  // Other controllers of that name, such as OpenKruise's, have rules of their own.
  return controller.apiVersion === 'apps/v1' && controller.kind === 'StatefulSet' && revision !== undefined
    ? otherTemplate(ctx, { name, revision, set: controller.name })
    : null;
}

/** Why the StatefulSet would create the pod with another template than it has: the drill would roll out what is held back. */
async function otherTemplate(
  ctx: FaultContext,
  { name, revision, set }: { name: string; revision: string; set: string },
): Promise<string | null> {
  const selector = encodeURIComponent(`metadata.name=${set}`);
  const path = `/apis/apps/v1/namespaces/${ctx.namespace}/statefulsets?fieldSelector=${selector}`;
  const { status, body } = await ctx.kube({ method: 'GET', path, timeoutMs: ctx.timeoutMs('apiRequest') });
  const unknown = `with which template StatefulSet ${set} would create ${name} again is not known`;
  if (status !== 200) return `${unknown}: the API server answered ${status} for ${path}`;
  const [found] = heldTo(sets, body, `pod-delete: ${path}`).items;
  if (found === undefined) return `${unknown}: there is no StatefulSet ${ctx.namespace}/${set}`;
  const next = nextRevision(found, name);
  return next === undefined || next === revision
    ? null
    : `StatefulSet ${set} would create ${name} with another template (revision ${next}) than it has now (${revision}): the update strategy (OnDelete, or a partition) holds it back, or a rollout is in progress; roll it out or take it back before the drill`;
}

/**
 * The revision with which a StatefulSet creates a pod: the current one below its partition, which counts from its first ordinal, and else the last one
 * (Kubernetes 1.33, pkg/controller/statefulset, newVersionedStatefulSetPod).
 */
function nextRevision({ spec, status }: StatefulSet, pod: string): string | undefined {
  const { type, rollingUpdate } = spec.updateStrategy;
  const ordinal = Number(/-(\d+)$/.exec(pod)?.[1]);
  const isKept = type !== 'OnDelete' && ordinal < spec.ordinals.start + rollingUpdate.partition;
  return isKept ? status.currentRevision : status.updateRevision;
}

/** The revision of a pod's template, as the controller of a StatefulSet labels it. */
const REVISION = 'controller-revision-hash';

const owner = z.object({
  apiVersion: z.string().default(''),
  kind: z.string(),
  name: z.string(),
  controller: z.boolean().default(false),
});
const podOwned = z.object({
  metadata: z.object({
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(owner).default([]),
  }),
});
type Owned = z.infer<typeof podOwned>['metadata'];

const rollingUpdate = z.object({ partition: z.number().default(0) }).default({ partition: 0 });
const statefulSet = z.object({
  spec: z.object({
    ordinals: z.object({ start: z.number().default(0) }).default({ start: 0 }),
    updateStrategy: z
      .object({ type: z.string().default('RollingUpdate'), rollingUpdate })
      .default({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } }),
  }),
  status: z
    .object({ currentRevision: z.string().optional(), updateRevision: z.string().optional() })
    .default({}),
});
type StatefulSet = z.infer<typeof statefulSet>;
const sets = z.object({ items: z.array(statefulSet) });

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
      return { lastBeforeMs, landedMs, by: 'UID gone from the API', proof, hit: hitOf(member) };
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
