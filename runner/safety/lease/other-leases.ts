import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BlockedError } from '../../../env/providers/provider.ts';
import { retry } from '../../../host/wait.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { oneLine } from '../../../reports/render/text.ts';
import { HeldError } from '../errors.ts';
import type { KubeCall } from '../types.ts';
import { LEASE_NAME, LEASE_SECONDS } from './lease.ts';

const CALL_TIMEOUT_MS = 5_000;
/** Looks before it counts as not known who holds the cluster: a drill of the other run may be what makes the API server slow. */
const LOOKS = 4;
const LOOK_PAUSE_MS = 2_000;
const OWN = encodeURIComponent('app.kubernetes.io/managed-by=plumbline');
const namespacesSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })).nullish(),
});
const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({ holderIdentity: z.string().nullish(), leaseDurationSeconds: z.number().nullish() })
    .nullish(),
});

/** A Lease of Plumbline in another namespace than ours, which somebody holds, or held when it died. */
interface OtherLease {
  readonly namespace: string;
  /** As messages quote it. */
  readonly holder: string;
  readonly version: string;
  /** How long it is its holder's after a renewal, s. */
  readonly seconds: number;
}

/**
 * Leases of runs in this cluster whose environment files name another `namespaces.system`: ours does not keep them out. What this account may not
 * list or read, and what is not there, is left out.
 * @throws Error for any other answer, and for none: then it is not known who holds the cluster
 */
export async function otherLeases(kube: KubeCall, own: string): Promise<OtherLease[]> {
  const path = `/api/v1/namespaces?labelSelector=${OWN}`;
  const { status, body } = await answerOf(kube, path);
  const listed = status === 200 ? (parsed(namespacesSchema, body, path).items ?? []) : [];
  const others = listed.map(({ metadata: { name } }) => name).filter((name) => name !== own);
  const leases = await Promise.all(others.map((namespace) => leaseIn(kube, namespace)));
  return leases.filter((one) => one !== null && one !== 'hidden');
}

/**
 * One drill at a time in a cluster. To be called while ours is held: of two that begin at once, at least one sees the other.
 * @param options.pauseMs for tests: overrides `LOOK_PAUSE_MS`
 * @throws HeldError while a run renews the Lease of another namespace. One that stays as it is for its whole length is that of a dead run;
 * BlockedError where it is not known, after a few looks, whether one does
 */
export async function refuseWhileOtherHolds({
  kube,
  namespace,
  signal,
  pauseMs = LOOK_PAUSE_MS,
}: {
  kube: KubeCall;
  namespace: string;
  signal?: AbortSignal | undefined;
  pauseMs?: number;
}): Promise<void> {
  const pause = { pauseMs, signal };
  const before = await patiently(() => otherLeases(kube, namespace), pause);
  if (before.length === 0) return;
  const seconds = Math.max(...before.map((one) => one.seconds));
  await sleep(seconds * 1000, undefined, signal ? { signal } : {});
  for (const then of before) {
    const now = await patiently(() => leaseIn(kube, then.namespace), pause);
    const lease = `the Lease ${then.namespace}/${LEASE_NAME}`;
    if (now === 'hidden') throw notKnown(`${lease}, which ${then.holder} held, may not be read any more`);
    if (now === null || now.version === then.version) continue;
    throw new HeldError(
      now.holder,
      `this cluster is held by a run of another environment file, ${now.holder}, with ${lease}; one drill at a time in a cluster: wait for that one`,
    );
  }
}

/** @throws BlockedError where the last of a few looks fails, too */
async function patiently<T>(
  look: () => Promise<T>,
  { pauseMs, signal }: { pauseMs: number; signal: AbortSignal | undefined },
): Promise<T> {
  let looks = 0;
  try {
    const isFinal = (): boolean => ++looks === LOOKS;
    return await retry(look, { deadlineMs: Infinity, intervalMs: pauseMs, signal, isFinal });
  } catch (error) {
    signal?.throwIfAborted();
    throw notKnown(errorText(error), error);
  }
}

function notKnown(why: string, cause?: unknown): BlockedError {
  return new BlockedError(
    `it is not known whether a run of another environment file holds this cluster: ${why}; one drill at a time in a cluster: try again once the API server answers`,
    { cause },
  );
}

/** null: nobody holds it; `hidden`: this account may not read it. @throws as `otherLeases` */
async function leaseIn(kube: KubeCall, namespace: string): Promise<OtherLease | 'hidden' | null> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${LEASE_NAME}`;
  const { status, body } = await answerOf(kube, path);
  if (status !== 200) return status === 403 ? 'hidden' : null;
  const { metadata, spec } = parsed(leaseSchema, body, path);
  const holder = spec?.holderIdentity ?? '';
  if (holder === '') return null;
  const seconds = Math.min(LEASE_SECONDS, spec?.leaseDurationSeconds ?? LEASE_SECONDS);
  return { namespace, holder: oneLine(holder, 200), version: metadata.resourceVersion, seconds };
}

/** What is there, that it is not (404), or that this account may not see it (403). @throws Error for anything else */
async function answerOf(kube: KubeCall, path: string): Promise<{ status: number; body: unknown }> {
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (![200, 403, 404].includes(status)) throw new Error(`GET ${path} answered ${status}`);
  return { status, body };
}

/** @throws Error where it is something else */
function parsed<T>(schema: z.ZodType<T>, body: unknown, path: string): T {
  const { data } = schema.safeParse(body);
  if (data === undefined) throw new Error(`GET ${path} answered something else than was asked for`);
  return data;
}
