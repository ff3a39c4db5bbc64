import { z } from 'zod';
import { heldTo, parseJson } from '../../../host/json.ts';
import { lookUntil } from '../../../host/wait.ts';
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { CONTROLLERS, isRenewed, ofNode } from '../_judge/leases.ts';

type Lease = Fields<'lease'>;

const OF_NODES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const OF_CONTROLLERS = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

/** A kubelet renews its own every 10 s (Kubernetes, "Leases", "Node heartbeats"), controllers theirs every 2 s. */
const LOOK_EVERY_MS = 10_000;

const lease = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    holderIdentity: z.string().default(''),
    leaseDurationSeconds: z.int().default(0),
    renewTime: z.iso.datetime().transform(Date.parse).nullable().default(null),
  }),
});
const NONE = { holderIdentity: '', leaseDurationSeconds: 0, renewTime: null };
/** All of a namespace, or one. */
const answer = z.union([
  z.object({ items: z.array(lease) }).transform(({ items }) => items),
  lease.transform((one) => [one]),
]);
type Read = z.infer<typeof answer> | NonNullable<Lease['why']>;

/**
 * Records the Leases of controllers, and of nodes that are Ready. While one of them seems to be let go, or that of a node is missing, all are looked at again
 * until `settle` has passed: a busy API server makes them late, and a clock may be off.
 */
export async function recordLeases(
  ctx: CheckContext,
  readyNodes: () => Promise<string[]> = () => Promise.resolve([]),
): Promise<void> {
  const clockMs = (ctx.goals.clockSeconds ?? 0) * 1000;
  const first = new Map<string, number | null>();
  const leases = await lookUntil(
    async () => {
      const seen = await look(ctx, await readyNodes());
      const since = seen.map((one) => ({ ...one, before: first.get(one.of) }));
      for (const one of seen) if (one.why === null && !first.has(one.of)) first.set(one.of, one.renewedAt);
      return since;
    },
    (seen) => seen.every((one) => isSettled(one, clockMs)),
    { deadlineMs: ctx.timeoutMs('settle'), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
  for (const one of leases) ctx.record('lease', one);
}

/** The Lease of a node that has just joined is not there yet; that of a controller is missing where a provider keeps it elsewhere. */
function isSettled(one: Lease, clockMs: number): boolean {
  if (one.why === null) return isRenewed(one, Date.now(), clockMs);
  return one.why === 'forbidden' || (one.why === 'missing' && CONTROLLERS.some((name) => name === one.of));
}

async function look(ctx: CheckContext, nodes: readonly string[]): Promise<Lease[]> {
  const ofNodes = nodes.length === 0 ? [] : await read(ctx, OF_NODES);
  const seen = nodes.map((name) => leaseOf(ofNode(name), name, ofNodes));
  for (const name of CONTROLLERS)
    seen.push(leaseOf(name, name, await read(ctx, `${OF_CONTROLLERS}/${name}`)));
  return seen;
}

async function read(ctx: CheckContext, path: string): Promise<Read> {
  try {
    const { status, body } = await ctx.cluster.raw(path);
    if (status === 200) return heldTo(answer, parseJson(body), path);
    return status === 403 ? 'forbidden' : status === 404 ? 'missing' : 'unanswered';
  } catch {
    ctx.signal.throwIfAborted();
    return 'unanswered';
  }
}

function leaseOf(of: string, name: string, found: Read): Lease {
  const spec = typeof found === 'string' ? undefined : found.find((one) => one.metadata.name === name)?.spec;
  const { holderIdentity: holder, leaseDurationSeconds: seconds, renewTime: renewedAt } = spec ?? NONE;
  const why = typeof found === 'string' ? found : spec === undefined ? 'missing' : null;
  return { of, holder, seconds, renewedAt, why };
}
