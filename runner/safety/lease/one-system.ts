import { z } from 'zod';
import { BlockedError } from '../../../env/providers/provider.ts';
import { retry } from '../../../host/wait.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { KubeCall } from '../types.ts';
import { LEASE_NAME } from './lease.ts';

const CALL_TIMEOUT_MS = 5_000;
/** Looks before it counts as not known: a drill of another run may be what makes the API server slow. */
const LOOKS = 4;
const LOOK_PAUSE_MS = 2_000;
const NAMESPACES = `/api/v1/namespaces?labelSelector=${encodeURIComponent('app.kubernetes.io/managed-by=plumbline')}`;
const namespacesSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })).nullish(),
});

interface System {
  kube: KubeCall;
  /** Where our Lease is. */
  namespace: string;
  signal?: AbortSignal | undefined;
  /** For tests: overrides `LOOK_PAUSE_MS`. */
  pauseMs?: number;
}

/**
 * Refuses a cluster in which another namespace of Plumbline has a Lease, too, whoever holds it: one drill at a time needs one Lease. What this
 * account may not read is not seen. To be called while ours is held: of two that begin at once, at least one sees the other.
 * @throws BlockedError where there is one, and where after a few looks it is not known
 */
export async function refuseOtherSystem({ pauseMs = LOOK_PAUSE_MS, ...system }: System): Promise<void> {
  const { signal, namespace } = system;
  let looks = 0;
  const isFinal = (): boolean => ++looks === LOOKS;
  const given = { deadlineMs: Infinity, intervalMs: pauseMs, signal, isFinal };
  const others = await retry(() => otherSystems(system), given).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new BlockedError(
      `it is not known whether another namespace than ${namespace} has a Lease of Plumbline: ${errorText(error)}; one drill at a time in a cluster: try again once the API server answers`,
      { cause: error },
    );
  });
  const [other] = others;
  if (other === undefined) return;
  throw new BlockedError(
    `the namespace ${other} has a Lease of Plumbline, too, and its runs would not wait for ours in ${namespace}: give all environment files of this cluster the same namespaces.system; if no run uses ${other} any more, kubectl -n ${other} delete lease ${LEASE_NAME}`,
  );
}

async function otherSystems({ kube, namespace }: System): Promise<string[]> {
  const listed = await answerOf(kube, NAMESPACES);
  const names = (namespacesIn(listed)?.items ?? []).map(({ metadata: { name } }) => name);
  const others = names.filter((name) => name !== namespace);
  const leases = await Promise.all(others.map((name) => answerOf(kube, leasePath(name))));
  return others.filter((_, index) => leases[index]?.status === 200);
}

function leasePath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${LEASE_NAME}`;
}

/** @throws Error where the list is something else */
function namespacesIn({
  status,
  body,
}: {
  status: number;
  body: unknown;
}): z.infer<typeof namespacesSchema> | null {
  if (status !== 200) return null;
  const { data } = namespacesSchema.safeParse(body);
  if (data === undefined) throw new Error(`GET ${NAMESPACES} answered something else than was asked for`);
  return data;
}

/** What is there, that it is not (404), or that this account may not see it (403). @throws Error for anything else */
async function answerOf(kube: KubeCall, path: string): Promise<{ status: number; body: unknown }> {
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (![200, 403, 404].includes(status)) throw new Error(`GET ${path} answered ${status}`);
  return { status, body };
}
