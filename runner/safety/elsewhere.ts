import { z } from 'zod';
import type { NodePower } from '../../suites/faults/inverse.ts';
import { LeftElsewhereError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { MIRROR_NAME } from './mirror.ts';
import { bootId, self } from './place.ts';
import type { Entry, KubeCall } from './types.ts';

const CALL_TIMEOUT_MS = 5_000;

/** An entry of the mirror, as far as it is needed to tell whose it is. Earlier versions wrote no `id`. */
const listedSchema = z.looseObject({
  id: z.string().optional(),
  seq: z.number().optional(),
  title: z.string().optional(),
  dueAt: z.string().optional(),
  inverse: z.unknown(),
});
/** A node whose power somebody took away. The name of a node is that of a DNS domain: nothing else becomes a word of a command. */
const powerSchema = z.looseObject({
  id: z.uuid(),
  check: z.string(),
  title: z.string(),
  inverse: z.looseObject({
    kind: z.literal('node-power'),
    node: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
  }),
});

type Listed = z.infer<typeof listedSchema>;

/** What runs on other machines have left open in the cluster, by the mirror of their ledger. */
type LeftElsewhere = {
  readonly open: readonly Listed[];
  /** Who wrote it. */
  readonly holder: string;
};

type Elsewhere = {
  readonly kube: KubeCall;
  readonly namespace: string;
  readonly ledger: Ledger;
};

/** @throws LeftElsewhereError (75) that the mirror cannot be read: nobody knows then what is open. */
export async function leftElsewhere({ kube, namespace, ledger }: Elsewhere): Promise<LeftElsewhere> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${MIRROR_NAME}`;
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (status === 404) return { open: [], holder: '' };
  const { entries: written = '[]', holder = 'another machine' } =
    (body as { data?: { entries?: string; holder?: string } }).data ?? {};
  const listed = status === 200 ? parsedList(written) : null;
  if (listed === null)
    throw new LeftElsewhereError(
      `the ConfigMap ${namespace}/${MIRROR_NAME} says what runs on other machines have left open in this cluster, and cannot be read (${status}). Nothing was begun`,
    );
  const entries = ledger.entries();
  const own = new Set([...entries.map(({ id }) => id), ...entries.map(withoutId)]);
  return { open: listed.filter((entry) => !own.has(keyOf(entry))), holder };
}

/**
 * Takes over what this machine can undo of it: nodes that were switched off, where the environment file here says how a node is switched
 * on. They become entries of the ledger here, so that they are undone, tried again and reported like any others. Only the node's name is
 * taken from the mirror, and only of a node of this cluster: whoever may write the mirror must not have others act for them. To be
 * called under the Lease.
 * @returns the entries, and of the others why they are not among them
 */
export async function takeOver(
  left: LeftElsewhere,
  options: Elsewhere & {
    readonly powerOn: ((node: string) => NodePower) | null;
    readonly clusterUid: string;
    readonly runId: string;
  },
): Promise<{ taken: Entry[]; rest: { title: string; reason: string }[] }> {
  const taken: Entry[] = [];
  const rest: { title: string; reason: string }[] = [];
  for (const entry of left.open) {
    const found = powerSchema.safeParse(entry);
    const reason = found.success ? await refusalOf(found.data.inverse.node, options) : '';
    const commands =
      found.success && reason === null ? options.powerOn?.(found.data.inverse.node) : undefined;
    if (found.success && commands !== undefined)
      taken.push(adopt(found.data, { commands, holder: left.holder, ...options }));
    else rest.push({ title: entry.title ?? 'an entry without a title', reason: reason ?? '' });
  }
  return { taken, rest };
}

/** Why the power of a node cannot be given back from here; null: it can. */
async function refusalOf(
  node: string,
  { kube, powerOn }: Pick<Elsewhere, 'kube'> & { readonly powerOn: unknown },
): Promise<string | null> {
  if (powerOn === null)
    return `the environment file here does not say how ${node} is switched on (cluster.power)`;
  const { status } = await kube({ method: 'GET', path: `/api/v1/nodes/${node}`, timeoutMs: CALL_TIMEOUT_MS });
  return status === 200 ? null : `the API server answered ${status} for the node ${node}`;
}

function adopt(
  { id, check, title, inverse }: z.infer<typeof powerSchema>,
  how: { commands: NodePower; holder: string; ledger: Ledger; clusterUid: string; runId: string },
): Entry {
  const { commands, holder, ledger, clusterUid, runId } = how;
  return ledger.record({
    id,
    check,
    title: `power of ${inverse.node}, taken by ${holder} (${title})`,
    access: 'fault',
    inverse: { kind: 'node-power', node: inverse.node, commands },
    clusterUid,
    bootId: bootId(),
    holder: self(),
    runId,
    // Due at once: whoever took it away is gone.
    dueMs: 0,
    dueAfterMs: 0,
    at: new Date().toISOString(),
  });
}

/**
 * Refuses to go on where a run on another machine has left something open that cannot be undone from here: it would be broken on top of
 * what is broken, and its mirror and undo Job would be swept away. What went through the API server that Job undoes, with rights of its
 * own, half a minute after the Lease was last renewed, and takes out of the mirror: so the Lease must be given back, and tried again
 * later.
 * @throws LeftElsewhereError (75) naming what is open and what to do
 */
export function refuseWhatIsLeft(
  rest: readonly { title: string; reason: string }[],
  { holder, namespace }: { holder: string; namespace: string },
): void {
  if (rest.length === 0) return;
  const named = rest.map(({ title, reason }) => (reason === '' ? title : `${title}: ${reason}`));
  throw new LeftElsewhereError(
    `a run of ${holder} has left open in this cluster: ${named.join('; ')}. Nothing was begun. ` +
      `Its undo Job undoes within a minute what it can: try again then. What stays is undone by \`plumbline restore\` on that machine; ` +
      `where it is gone, undo it by hand and take it out of the ConfigMap ${namespace}/${MIRROR_NAME}`,
  );
}

/** By which an entry is known: its id; of one that an earlier version wrote without it, what it wrote instead. */
function keyOf({ id, seq, title, dueAt }: Listed): string {
  return id ?? JSON.stringify([seq, title, dueAt]);
}

function withoutId(entry: Entry): string {
  return keyOf({ ...listedSchema.parse(entry), id: undefined });
}

function parsedList(text: string): Listed[] | null {
  try {
    const parsed = z.array(listedSchema).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
