import { z } from 'zod';
import { monoMs } from '../../../host/clock.ts';
import type { NodePower, PowerOn } from '../../../faults/_common/rollback.ts';
import { providerIdIn } from '../../../faults/injectors/power.ts';
import { LeftElsewhereError } from '../errors.ts';
import type { Journal } from './journal.ts';
import { MIRROR_NAME, readMirror } from './mirror.ts';
import type { Listed, Listing } from './mirror.ts';
import { lookUntil } from '../../../host/wait.ts';
import { bootId } from '../../../host/process-identity.ts';
import { self } from '../lease/place.ts';
import type { Entry, KubeCall, RestoreReport } from '../types.ts';
import { errorText } from '../../../reports/record/error-text.ts';

const CALL_TIMEOUT_MS = 5_000;
/**
 * Time for another machine to undo what it left open: it may be alive though its run is dead. Its timer acts 20 s after the run has died,
 * the undo Job 30 s after the last renewal of the Lease, and undoing takes a while.
 */
export const OWNER_GRACE_MS = 75_000;
const LOOK_EVERY_MS = 5_000;

/** A node that another machine switched off. Its name becomes an argument of a command, so only DNS names are accepted. */
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
  /** Who wrote the mirror. */
  readonly holder: string;
};

type Elsewhere = {
  readonly kube: KubeCall;
  readonly namespace: string;
  readonly journal: Journal;
};

/** @throws LeftElsewhereError (75) when the mirror cannot be read: what is open is then unknown. */
export async function leftElsewhere(of: Elsewhere): Promise<LeftElsewhere> {
  const { listed, holder } = await listing(of);
  const own = new Set<string | undefined>(of.journal.entries().map(({ id }) => id));
  return { open: listed.filter(({ id }) => !own.has(id)), holder };
}

async function listing(of: Elsewhere): Promise<Listing> {
  try {
    return await readMirror(of);
  } catch (error) {
    const why = errorText(error);
    throw new LeftElsewhereError(
      `whether a run on another machine has left changes open in this cluster is unknown: ${why}. Nothing was begun`,
    );
  }
}

/**
 * Settles our `node-power` entries that another machine has undone. An entry is in the mirror before its node is switched off; once it is
 * no longer listed, the node is on again, or never was off. Switching it on later could undo what somebody did since.
 */
export async function settleGivenBack(of: Elsewhere): Promise<void> {
  const open = of.journal.open().filter(({ rollback }) => rollback.kind === 'node-power');
  if (open.length === 0) return;
  const seen = await readMirror(of).catch(() => null);
  // Without a mirror, or with one that its owners made again and no run has written since, this is unknown.
  if (seen?.isWritten !== true) return;
  const listed = new Set(seen.listed.map(({ id }) => id));
  for (const { id, seq } of open)
    if (!listed.has(id))
      of.journal.setState(seq, 'done', 'switched on by another machine, or never switched off');
}

/**
 * Environments of one name share a journal, whichever cluster their files pin. What is open in another cluster could be undone in this one by
 * its names, or be taken for undone.
 * @throws LeftElsewhereError (75) where something is
 */
export function refuseOtherCluster(journal: Journal, clusterUid: string, environment: string): void {
  const others = journal.open().filter((entry) => entry.clusterUid !== clusterUid);
  const [first] = others;
  if (first === undefined) return;
  throw new LeftElsewhereError(
    `the rollback journal of ${environment} has changes open in another cluster (UID of kube-system ${first.clusterUid}; here it is ${clusterUid}): ` +
      `${others.map(titleOf).join('; ')}. Nothing was begun. Undo them with the environment file that pins that cluster: plumbline restore --env FILE; ` +
      `if that cluster is gone for ever, move ${journal.folder} away`,
  );
}

/**
 * Waits for the other machine to undo what it left open; returns early once none of it is listed any more.
 * @returns the ids listed at the beginning: entries that come later have had no time yet
 */
export async function awaitOwner(
  of: Elsewhere & { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const { open } = await leftElsewhere(of);
  const ids = new Set(open.flatMap(({ id }) => id ?? []));
  await lookUntil(
    // No answer is no news: keep waiting.
    () => leftElsewhere(of).catch(() => null),
    (left) => left?.open.length === 0,
    { deadlineMs: of.graceMs, intervalMs: LOOK_EVERY_MS, signal: of.signal },
  );
  return ids;
}

/**
 * Takes over what this machine can undo: nodes that were switched off, if the environment file here says how to switch them on. They become
 * entries of this machine's journal: undone, retried and reported like its own. Only the node's name is taken from the mirror, and only if
 * it is in this cluster, whose Node object tells the provider's id: whoever can write the mirror must not choose what is run here. To be
 * called under the Lease.
 * @returns the entries, and for each of the rest the reason
 */
export async function takeOver(
  left: LeftElsewhere,
  options: Elsewhere & {
    readonly powerOn: PowerOn | null;
    /** Ids of entries whose owner had time to undo them. */
    readonly waitedFor: ReadonlySet<string>;
    readonly clusterUid: string;
    readonly runId: string;
  },
): Promise<{ taken: Entry[]; rest: { title: string; reason: string }[] }> {
  const taken: Entry[] = [];
  const rest: { title: string; reason: string }[] = [];
  for (const entry of left.open) {
    const found = powerSchema.safeParse(entry);
    const commands = found.success ? await commandsFor(found.data, options) : { reason: '' };
    if (!found.success || 'reason' in commands)
      rest.push({ title: titleOf(entry), reason: 'reason' in commands ? commands.reason : '' });
    else taken.push(adopt(found.data, { commands, holder: left.holder, ...options }));
  }
  return { taken, rest };
}

/** How a node is switched on from here, or why it cannot be. */
async function commandsFor(
  { id, rollback: { node } }: z.infer<typeof powerSchema>,
  {
    kube,
    powerOn,
    waitedFor,
  }: Pick<Elsewhere, 'kube'> & { readonly powerOn: PowerOn | null; readonly waitedFor: ReadonlySet<string> },
): Promise<NodePower | { reason: string }> {
  if (powerOn === null)
    return {
      reason: `the environment file on this machine does not declare how ${node} is switched on (cluster.power)`,
    };
  if (!waitedFor.has(id))
    return {
      reason: `its own machine still has up to ${OWNER_GRACE_MS / 1000} s to undo it; try again after that`,
    };
  const { status, body } = await kube({
    method: 'GET',
    path: `/api/v1/nodes/${node}`,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  if (status !== 200) return { reason: `the API server answered ${status} for the node ${node}` };
  return powerOn({ node, providerId: providerIdIn(body) });
}

function adopt(
  { id, check, title, rollback }: z.infer<typeof powerSchema>,
  how: { commands: NodePower; holder: string; journal: Journal; clusterUid: string; runId: string },
): Entry {
  const { commands, holder, journal, clusterUid, runId } = how;
  return journal.record({
    id,
    check,
    title: `power of ${rollback.node}, switched off by ${holder} (${title})`,
    access: 'fault',
    rollback: { kind: 'node-power', node: rollback.node, commands },
    clusterUid,
    bootId: bootId(),
    holder: self(),
    runId,
    // Due at once: the run that switched it off is gone.
    dueMs: monoMs(),
    dueAfterMs: 0,
    at: new Date().toISOString(),
    takenFrom: holder,
  });
}

type Of = { readonly holder: string; readonly namespace: string; readonly envOption: string };

/** A plain run undoes only what this machine did: it reports what others left open, and what to type. */
export function refusePlainly(
  { open, taken }: LeftElsewhere & { readonly taken: readonly Entry[] },
  { holder, envOption }: Of,
  restored: RestoreReport,
): LeftElsewhereError {
  if (open.length === 0)
    return new LeftElsewhereError(
      `rollbacks taken over from another machine are still open: ${taken.map(titleOf).join('; ')}. Nothing was begun. ` +
        `Type \`plumbline restore --env ${envOption}\`: it tries again at once`,
      { exitCode: 1, restored },
    );
  return new LeftElsewhereError(
    `a run of ${holder} has left changes open in this cluster: ${open.map(titleOf).join('; ')}. Nothing was begun. ` +
      `Type \`plumbline restore --env ${envOption}\`: it waits until that machine and its undo Job have undone what they can, then switches nodes on again from this machine`,
    { restored },
  );
}

/**
 * For entries that `plumbline restore` cannot undo from here either. A new run would break what is broken already, and would sweep away the
 * other machine's mirror and undo Job. That Job undoes what went through the API server once the Lease is no longer renewed, and removes it
 * from the mirror.
 */
export function refuseRest(
  rest: readonly { title: string; reason: string }[],
  { holder, namespace }: Of,
): LeftElsewhereError {
  const named = rest.map(({ title, reason }) => (reason === '' ? title : `${title}: ${reason}`));
  return new LeftElsewhereError(
    `a run of ${holder} has left changes open in this cluster that cannot be undone from this machine: ${named.join('; ')}. ` +
      `The undo Job of that run undoes what it can within a minute: try again then. For the rest, type \`plumbline restore\` on that machine; ` +
      `if that machine is gone, undo the rest by hand and remove its entries from the ConfigMap ${namespace}/${MIRROR_NAME}`,
  );
}

/** For entries taken over but not undone: nothing may begin on a broken cluster, and waiting alone does not help. */
export function refuseTaken(failed: readonly string[], { envOption }: Of): LeftElsewhereError {
  return new LeftElsewhereError(
    `rollbacks taken over from another machine failed: ${failed.join('; ')}. Nothing was begun. ` +
      `The timer on this host keeps trying for some hours; \`plumbline restore --env ${envOption}\` tries again at once`,
    { exitCode: 1 },
  );
}

function titleOf({ title }: Pick<Listed, 'title'>): string {
  return title ?? 'an entry without a title';
}
