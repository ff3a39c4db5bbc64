import { z } from 'zod';
import { monoMs } from '../../../host/clock.ts';
import type { NodePower } from '../../../faults/_common/rollback.ts';
import { LeftElsewhereError } from '../errors.ts';
import type { Journal } from './journal.ts';
import { MIRROR_NAME, readMirror } from './mirror.ts';
import type { Listed, Listing } from './mirror.ts';
import { lookUntil } from '../../../host/wait.ts';
import { bootId, self } from '../lease/place.ts';
import type { Entry, KubeCall, RestoreReport } from '../types.ts';
import { errorText } from '../../../reports/record/error-text.ts';

const CALL_TIMEOUT_MS = 5_000;
/**
 * How long whoever left something open has to undo it: their machine may live on without the run. Its timer acts 20 s after the run is
 * gone, the undo Job 30 s after the Lease was last renewed, and both take a while for what they do.
 */
export const OWNER_GRACE_MS = 75_000;
const LOOK_EVERY_MS = 5_000;

/** A node whose power somebody took away. The name of a node is that of a DNS domain: nothing else becomes a word of a command. */
const powerSchema = z.looseObject({
  id: z.uuid(),
  check: z.string(),
  title: z.string(),
  rollback: z.looseObject({
    kind: z.literal('node-power'),
    node: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
  }),
});

/** What runs on other machines have left open in the cluster, by the mirror of their journal. */
type LeftElsewhere = {
  readonly open: readonly Listed[];
  /** Who wrote it. */
  readonly holder: string;
};

type Elsewhere = {
  readonly kube: KubeCall;
  readonly namespace: string;
  readonly journal: Journal;
};

/** @throws LeftElsewhereError (75) that the mirror cannot be read: nobody knows then what is open. */
export async function leftElsewhere(of: Elsewhere): Promise<LeftElsewhere> {
  const { listed, holder } = await listing(of);
  const entries = of.journal.entries();
  const own = new Set([...entries.map(({ id }) => id), ...entries.map(withoutId)]);
  return { open: listed.filter((entry) => !own.has(keyOf(entry))), holder };
}

async function listing(of: Elsewhere): Promise<Listing> {
  try {
    return await readMirror(of);
  } catch (error) {
    const why = errorText(error);
    throw new LeftElsewhereError(
      `it is not known what runs on other machines have left open in this cluster: ${why}. Nothing was begun`,
    );
  }
}

/**
 * Settles the power of nodes that another machine gave back for this one: it is in the mirror before it is taken away, so that one which
 * the mirror no longer lists was given back, or never taken. Whoever put that node right long ago must not have it switched on again.
 */
export async function settleGivenBack(of: Elsewhere): Promise<void> {
  const open = of.journal.open().filter(({ rollback }) => rollback.kind === 'node-power');
  if (open.length === 0) return;
  const seen = await readMirror(of).catch(() => null);
  // Without a mirror it is not known.
  if (seen?.resourceVersion == null) return;
  const listed = new Set(seen.listed.map(({ id }) => id));
  for (const { id, seq } of open)
    if (!listed.has(id)) of.journal.setState(seq, 'done', 'given back from another machine, or never taken');
}

/**
 * Gives whoever left something open the time to undo it; returns earlier once nothing of it is listed any more.
 * @returns the ids of what was listed at the beginning: whatever comes later has had no time yet
 */
export async function awaitOwner(
  of: Elsewhere & { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const { open } = await leftElsewhere(of);
  const ids = new Set(open.flatMap(({ id }) => id ?? []));
  await lookUntil(
    // An API server that does not answer now says nothing new.
    () => leftElsewhere(of).catch(() => null),
    (left) => left?.open.length === 0,
    { deadlineMs: of.graceMs, intervalMs: LOOK_EVERY_MS, signal: of.signal },
  );
  return ids;
}

/**
 * Takes over what this machine can undo of it: nodes that were switched off, where the environment file here says how a node is switched
 * on. They become entries of the journal here, so that they are undone, tried again and reported like any others. Only the node's name is
 * taken from the mirror, and only of a node of this cluster: whoever may write the mirror must not have others act for them. To be
 * called under the Lease.
 * @returns the entries, and of the others why they are not among them
 */
export async function takeOver(
  left: LeftElsewhere,
  options: Elsewhere & {
    readonly powerOn: ((node: string) => NodePower) | null;
    /** Those whose owner had the time to undo them. */
    readonly waitedFor: ReadonlySet<string>;
    readonly clusterUid: string;
    readonly runId: string;
  },
): Promise<{ taken: Entry[]; rest: { title: string; reason: string }[] }> {
  const taken: Entry[] = [];
  const rest: { title: string; reason: string }[] = [];
  for (const entry of left.open) {
    const found = powerSchema.safeParse(entry);
    const reason = found.success ? await refusalOf(found.data, options) : '';
    const commands =
      found.success && reason === null ? options.powerOn?.(found.data.rollback.node) : undefined;
    if (found.success && commands !== undefined)
      taken.push(adopt(found.data, { commands, holder: left.holder, ...options }));
    else rest.push({ title: titleOf(entry), reason: reason ?? '' });
  }
  return { taken, rest };
}

/** Why the power of a node cannot be given back from here; null: it can. */
async function refusalOf(
  { id, rollback: { node } }: z.infer<typeof powerSchema>,
  {
    kube,
    powerOn,
    waitedFor,
  }: Pick<Elsewhere, 'kube'> & { readonly powerOn: unknown; readonly waitedFor: ReadonlySet<string> },
): Promise<string | null> {
  if (powerOn === null)
    return `the environment file here does not say how ${node} is switched on (cluster.power)`;
  if (!waitedFor.has(id)) return `it was left a moment ago, and its machine has the time to undo it first`;
  const { status } = await kube({ method: 'GET', path: `/api/v1/nodes/${node}`, timeoutMs: CALL_TIMEOUT_MS });
  return status === 200 ? null : `the API server answered ${status} for the node ${node}`;
}

function adopt(
  { id, check, title, rollback }: z.infer<typeof powerSchema>,
  how: { commands: NodePower; holder: string; journal: Journal; clusterUid: string; runId: string },
): Entry {
  const { commands, holder, journal, clusterUid, runId } = how;
  return journal.record({
    id,
    check,
    title: `power of ${rollback.node}, taken by ${holder} (${title})`,
    access: 'fault',
    rollback: { kind: 'node-power', node: rollback.node, commands },
    clusterUid,
    bootId: bootId(),
    holder: self(),
    runId,
    // Due at once: whoever took it away is gone.
    dueMs: monoMs(),
    dueAfterMs: 0,
    at: new Date().toISOString(),
    takenFrom: holder,
  });
}

type Of = { readonly holder: string; readonly namespace: string; readonly environment: string };

/** A plain run acts on nothing that it has not done itself: it says what is open, and what to type. */
export function refusePlainly(
  { open, taken }: LeftElsewhere & { readonly taken: readonly Entry[] },
  { holder, environment }: Of,
  restored: RestoreReport,
): LeftElsewhereError {
  if (open.length === 0)
    return new LeftElsewhereError(
      `what was taken over from another machine is not undone yet: ${taken.map(titleOf).join('; ')}. Nothing was begun. ` +
        `Type \`plumbline restore --env ${environment}\`: it tries again at once`,
      { exitCode: 1, restored },
    );
  return new LeftElsewhereError(
    `a run of ${holder} has left open in this cluster: ${open.map(titleOf).join('; ')}. Nothing was begun. ` +
      `Type \`plumbline restore --env ${environment}\`: it waits until that machine and its undo Job have undone what they can, and gives nodes their power back from here`,
    { restored },
  );
}

/**
 * Where `plumbline restore` cannot undo it from here either: whatever is begun would be broken on top of what is broken, and the mirror
 * and undo Job of whoever did it would be swept away. What went through the API server that Job undoes, with rights of its own, once the
 * Lease is no longer renewed, and takes out of the mirror.
 */
export function refuseRest(
  rest: readonly { title: string; reason: string }[],
  { holder, namespace }: Of,
): LeftElsewhereError {
  const named = rest.map(({ title, reason }) => (reason === '' ? title : `${title}: ${reason}`));
  return new LeftElsewhereError(
    `a run of ${holder} has left open in this cluster, and it cannot be undone from here: ${named.join('; ')}. ` +
      `Its undo Job undoes within a minute what it can: try again then. What stays is undone by \`plumbline restore\` on that machine; ` +
      `where it is gone, undo it by hand and take it out of the ConfigMap ${namespace}/${MIRROR_NAME}`,
  );
}

/** What was taken over is broken until it is undone: nothing else may be begun on it, and waiting alone mends nothing. */
export function refuseTaken(failed: readonly string[], { environment }: Of): LeftElsewhereError {
  return new LeftElsewhereError(
    `what was taken over from another machine could not be undone: ${failed.join('; ')}. Nothing was begun. ` +
      `The timer on this host goes on trying for some hours; \`plumbline restore --env ${environment}\` tries again at once`,
    { exitCode: 1 },
  );
}

function titleOf({ title }: Pick<Listed, 'title'>): string {
  return title ?? 'an entry without a title';
}

/** By which an entry is known: its id; of one that an earlier version wrote without it, what it wrote instead. */
function keyOf({ id, seq, title, dueAt }: Pick<Listed, 'id' | 'seq' | 'title' | 'dueAt'>): string {
  return id ?? JSON.stringify([seq, title, dueAt]);
}

/** An entry of the journal as an earlier version listed it. */
function withoutId(entry: Entry & { dueAt?: unknown }): string {
  const { seq, title, dueAt } = entry;
  return keyOf(typeof dueAt === 'string' ? { seq, title, dueAt } : { seq, title });
}
