/**
 * Keeps an environment safe: one holder at a time, a rollback recorded before every action, a kill switch that stops everything, and timers
 * that undo after a run has died. `openSafety` takes the environment; every change goes through `Safety.perform`.
 */
import { instanceHolder } from '../../host/lock.ts';
import type { InstanceName } from '../../host/paths.ts';
import type { PowerOn } from '../../faults/_common/rollback.ts';
import {
  awaitOwner,
  leftElsewhere,
  OWNER_GRACE_MS,
  refusePlainly,
  refuseRest,
  refuseTaken,
  refuseOtherCluster,
  settleGivenBack,
  takeOver,
} from './journal/elsewhere.ts';
import { HeldError, LeftElsewhereError } from './errors.ts';
import { Lease } from './lease/lease.ts';
import { refuseOtherSystem } from './lease/one-system.ts';
import { Journal } from './journal/journal.ts';
import { KillSwitch } from './lease/kill-switch.ts';
import { dropFromMirror, Mirror } from './journal/mirror.ts';
import { formatHolder, holderSelf, safetyFolder } from './lease/place.ts';
import type { Holder } from './lease/place.ts';
import { ChildRecord, HolderRecord } from './lease/processes.ts';
import { Safety } from './safety.ts';
import type { Permit } from './safety.ts';
import { Timers } from './timers/timers.ts';
import { undoImageOf } from './timers/undo-image.ts';
import type { UndoImage } from './timers/undo-image.ts';
import { NOTHING } from './types.ts';
import type { KubeCall, RestoreReport } from './types.ts';
import { undoAll } from './undo.ts';

export { HeldError, LeftElsewhereError, KillSwitchError, RefusedError } from './errors.ts';
export { kubeCallFrom, kubeCallTo } from './kube-call.ts';
export { leftOpen } from './journal/left-open.ts';
export { NoChanges, othersAtWork } from './read-only.ts';
export type { RunSafety } from './read-only.ts';
export { safetyFolder } from './lease/place.ts';
export { Safety } from './safety.ts';
export type { Mutation, Permit } from './safety.ts';
export type { Access, Entry, Rollback, KubeCall, KubeReply, RestoreReport } from './types.ts';
export { sha256 } from './undo-node.ts';

export type SafetyOptions = {
  /** Name of the environment. */
  readonly environment: string;
  /** What to type after `--env` for it, in messages; its name when left out. */
  readonly envOption?: string | undefined;
  /** The embedded instance, if the environment is on this machine: then its nodes may be acted on and the host has a timer. */
  readonly embedded?: InstanceName | undefined;
  /** UID of kube-system; the caller has compared it with the pinned one. */
  readonly clusterUid: string;
  readonly kube: KubeCall;
  /** Path of the kubeconfig, for the timer on the host. */
  readonly kubeconfig?: string | undefined;
  readonly runId: string;
  readonly systemNamespace?: string | undefined;
  /** Image with `node` in it, for the undo Job, or the Deployment that has it. */
  readonly undoImage?: UndoImage | undefined;
  /** How long the pod of the undo Job may take until it runs, ms. */
  readonly undoReadyMs?: number | undefined;
  /** Returns why a mutation is not permitted; null: it is. Called before every mutation: a permit can expire during a run. */
  readonly permit?: Permit | undefined;
  /** This long after an action the timers undo it, even if the run is alive. */
  readonly restoreDeadlineMs: number;
  /** It disturbs the cluster: then no other namespace may have a Lease of Plumbline. */
  readonly disturbs?: boolean | undefined;
  readonly notice: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
};

export type RestoreOptions = SafetyOptions & {
  /** The commands that switch a node on. Where given, nodes that another machine left off are switched on. */
  readonly powerOn?: PowerOn | null | undefined;
  /** For tests: overrides `OWNER_GRACE_MS`. */
  readonly ownerGraceMs?: number;
};

/** How to undo what another machine has left open; where this is null, nothing is undone for it. */
type TakeOver = {
  readonly powerOn: PowerOn | null;
  readonly waitedFor: ReadonlySet<string>;
};

type Purpose = {
  readonly taking: TakeOver | null;
  /** Nothing new will be done, so that a kill switch which is set is reported, and keeps nothing from being undone. */
  readonly undoesOnly: boolean;
};

/** If an earlier run stopped the control plane, most rollbacks fail until it answers again. */
const START_RETRY_MS = 60_000;

/**
 * Takes the environment: ends what a killed predecessor left running and waits until it is gone, takes the Lease, restores
 * what the journal holds, and follows the kill switch.
 * @throws HeldError when a living process holds it; LeftElsewhereError when another machine has left something open; where it `disturbs`,
 * BlockedError when another namespace has a Lease of Plumbline or that is not known; KillSwitchError when the kill switch is set. What this machine had left is restored all the same, but where a process holds this environment.
 */
export function openSafety(options: SafetyOptions): Promise<Safety> {
  return open(options, { taking: null, undoesOnly: false });
}

async function open(options: SafetyOptions, purpose: Purpose): Promise<Safety> {
  const namespace = namespaceOf(options);
  const journal = new Journal(safetyFolder(options.environment, options.embedded));
  const holders = new HolderRecord(journal.folder);
  const me = holderSelf();
  refuseWhenHeld(holders, me);
  holders.add(me);
  try {
    // Checked after our record is written: whoever provisions or removes the instance takes its lock first and looks for us then.
    if (options.embedded !== undefined) refuseWhileProvisioned(options.embedded);
    const children = new ChildRecord(journal.folder, options.notice);
    const ended = await children.endRecorded(options.signal);
    if (ended.length > 0) options.notice(`ended what an earlier run had left running: ${ended.join(', ')}`);
    const stop = new AbortController();
    const onStop = (reason: string): void => stop.abort(new Error(reason));
    // Nodes first: as long as a predecessor's control plane is stopped, no Lease can be taken.
    const early = options.embedded === undefined ? null : await undoNodesFirst(journal, options.clusterUid);
    if (options.embedded !== undefined) await ensureNamespace(options.kube, namespace);
    const lease = await Lease.take({ kube: options.kube, namespace, onLost: onStop, signal: options.signal });
    const release = async (): Promise<void> => {
      await lease.release();
      holders.remove(me);
    };
    try {
      return await opened({
        options,
        namespace,
        journal,
        children,
        lease,
        stop,
        onStop,
        release,
        early,
        ...purpose,
      });
    } catch (error) {
      await release();
      throw error;
    }
  } catch (error) {
    holders.remove(me);
    throw error;
  }
}

/**
 * Where the API server gives no answer: undoes what was done from this machine and needs none, such as the power of a node, which may be why
 * it is away. Neither Lease nor mirror can be asked, as for the timer on this host.
 * @throws HeldError while a living process of this machine holds the environment
 */
export async function restoreWithoutCluster({
  environment,
  embedded,
}: Pick<SafetyOptions, 'environment' | 'embedded'>): Promise<RestoreReport> {
  const journal = new Journal(safetyFolder(environment, embedded));
  const holders = new HolderRecord(journal.folder);
  const me = holderSelf();
  refuseWhenHeld(holders, me);
  holders.add(me);
  try {
    if (embedded !== undefined) refuseWhileProvisioned(embedded);
    return await undoNodesFirst(journal, null);
  } finally {
    holders.remove(me);
  }
}

/** `plumbline restore`: takes the environment, which restores what the journal holds, and gives it back. */
export async function restoreEnvironment(options: RestoreOptions): Promise<RestoreReport> {
  const { safety, before } = await openPatiently(options);
  const { restoredAtStart } = safety;
  const report = await safety.close();
  return {
    actions: before.actions + restoredAtStart.actions,
    undone: [...before.undone, ...restoredAtStart.undone, ...report.undone],
    failed: [...new Set([...before.conflicts, ...restoredAtStart.failed, ...report.failed])],
    conflicts: [...new Set([...before.conflicts, ...report.conflicts])],
  };
}

/**
 * Takes over what another machine has left open, after that machine had time to undo it: it may be alive though its run is dead. The Lease
 * is released meanwhile: while it is renewed, the undo Job does not act and the owner cannot restore.
 */
async function openPatiently({
  powerOn = null,
  ownerGraceMs: graceMs = OWNER_GRACE_MS,
  ...options
}: RestoreOptions): Promise<{ safety: Safety; before: RestoreReport }> {
  try {
    return { safety: await open(options, { taking: null, undoesOnly: true }), before: NOTHING };
  } catch (error) {
    if (!(error instanceof LeftElsewhereError) || error.restored === null) throw error;
    const { kube, environment, embedded, notice } = options;
    const namespace = namespaceOf(options);
    // A set kill switch forbids taking over, too.
    await KillSwitch.refuseWhenSet({ kube, namespace });
    const said = error.message.split('. ')[0] ?? '';
    // Otherwise what is open was taken over before, and this machine undoes it.
    const isOthers = error.exitCode === 75;
    notice(isOthers ? `${said}. Waiting up to ${graceMs / 1000} s for that machine to undo this` : said);
    const journal = new Journal(safetyFolder(environment, embedded));
    const signal = options.signal ?? new AbortController().signal;
    const waitedFor = await awaitOwner({ kube, namespace, journal, graceMs, signal });
    const purpose = { taking: { powerOn, waitedFor }, undoesOnly: true };
    return { safety: await open(options, purpose), before: error.restored };
  }
}

function namespaceOf({ systemNamespace }: SafetyOptions): string {
  return systemNamespace ?? 'plumbline-system';
}

type Opening = Purpose & {
  options: SafetyOptions;
  namespace: string;
  journal: Journal;
  children: ChildRecord;
  lease: Lease;
  stop: AbortController;
  onStop: (reason: string) => void;
  release: () => Promise<void>;
  early: RestoreReport | null;
};

async function opened(opening: Opening): Promise<Safety> {
  const { options, namespace, journal, lease, onStop } = opening;
  const { kube, clusterUid, runId, notice } = options;
  const elsewhere = options.embedded === undefined;
  if (elsewhere) {
    refuseOtherCluster(journal, clusterUid, options.environment);
    await settleGivenBack({ kube, namespace, journal });
  }
  const left = journal.open().filter(({ takenFrom }) => takenFrom === undefined);
  const unread = sayDamage(journal, notice);
  const readable = await undoAll(left, { journal, kube, clusterUid, retryForMs: START_RETRY_MS });
  const own = joined(readable, { ...NOTHING, failed: unread, conflicts: unread });
  const mirror = new Mirror({ kube, namespace, journal, holder: lease.identity });
  const timers = new Timers({
    folder: journal.folder,
    kubeconfig: options.kubeconfig,
    job: async () => {
      const image = await undoImageOf(kube, options.undoImage);
      const { undoReadyMs: readyMs } = options;
      return image === undefined ? null : { kube, namespace, image, runId, readyMs, embedded: !elsewhere };
    },
    hostAllowed: !elsewhere,
    notice,
    signal: options.signal,
  });
  let theirs = NOTHING;
  try {
    // Not if embedded: then only this machine has a journal. Before the rotation: the journal tells our entries from those of others.
    if (elsewhere) theirs = await undoWhatIsLeftElsewhere(opening, own);
  } catch (error) {
    for (const line of own.undone) notice(`undone: ${line}`);
    for (const line of own.failed) notice(`not undone: ${line}`);
    // The timers retry our own open entries in any case. The mirror still belongs to the other machine.
    await armOpen(timers, journal, notice);
    throw error;
  }
  journal.rotate();
  // Even with nothing open: timers undo without updating the mirror, and a stale entry would keep other machines out.
  await mirror.refresh();
  if (journal.open().length > 0) await armOpen(timers, journal, notice);
  else for (const message of await timers.disarm()) notice(message);
  // Only now: what this machine left open is undone, whoever holds the cluster.
  if (options.disturbs === true) await refuseOtherSystem({ ...options, namespace });
  const killSwitch = opening.undoesOnly
    ? await KillSwitch.look({
        kube,
        namespace,
        onStop: (reason) => notice(`${reason}; what is open is undone all the same`),
      })
    : await KillSwitch.follow({ kube, namespace, onStop });
  return new Safety({
    ...opening,
    ...options,
    mirror,
    timers,
    killSwitch,
    restoredAtStart: withEarly(opening.early, joined(own, theirs)),
  });
}

/** Reports unreadable lines of the journal. @returns a sentence for each entry that can never be undone because of this */
function sayDamage(journal: Journal, notice: (message: string) => void): string[] {
  const damaged = journal.damaged();
  for (const { text } of damaged) notice(text);
  for (const damage of damaged.filter(({ kind }) => kind === 'cut')) journal.acknowledge(damage);
  return damaged.filter(({ kind }) => kind === 'unfit').map(({ text }) => text);
}

/** Lets the timers retry what could not be undone at the start, even if this process dies. */
async function armOpen(timers: Timers, journal: Journal, notice: (message: string) => void): Promise<void> {
  const rollbacks = journal.open().map(({ rollback }) => rollback);
  if (rollbacks.length === 0) return;
  await timers
    .arm(rollbacks)
    .catch((error: unknown) =>
      notice(`no timer could be armed to retry what is still open: ${String(error)}`),
    );
}

/**
 * Undoes what a run on another machine has left open, as far as that is allowed and possible from here.
 * @throws LeftElsewhereError when some of it stays open
 */
async function undoWhatIsLeftElsewhere(opening: Opening, own: RestoreReport): Promise<RestoreReport> {
  const { options, namespace, journal, taking } = opening;
  const { kube, clusterUid, notice } = options;
  const left = await leftElsewhere({ kube, namespace, journal });
  const taken = journal.open().filter(({ takenFrom }) => takenFrom !== undefined);
  if (left.open.length + taken.length === 0) return NOTHING;
  const of = { holder: left.holder, namespace, envOption: options.envOption ?? options.environment };
  if (taking === null) throw refusePlainly({ ...left, taken }, of, own);
  await KillSwitch.refuseWhenSet({ kube, namespace });
  const now = await takeOver(left, { ...options, ...taking, namespace, journal });
  const report = await undoAll([...taken, ...now.taken], {
    journal,
    kube,
    clusterUid,
    retryForMs: START_RETRY_MS,
  });
  for (const line of report.undone) notice(`undone for another machine: ${line}`);
  const stale = await dropFromMirror({ kube, namespace }, settledFor(journal));
  if (stale !== null)
    notice(`the mirror of the rollback journal still lists entries that were undone: ${stale}`);
  if (report.failed.length > 0) throw refuseTaken(report.failed, of);
  if (now.rest.length > 0) throw refuseRest(now.rest, of);
  return report;
}

/** Ids of entries that this machine settled for others, including earlier ones that could not be removed from the mirror. */
function settledFor(journal: Journal): Set<string> {
  const open = new Set(journal.open().map(({ id }) => id));
  const taken = journal.entries().filter(({ takenFrom }) => takenFrom !== undefined);
  return new Set(taken.map(({ id }) => id).filter((id) => !open.has(id)));
}

/** Embedded only: elsewhere the cluster's owners create the namespace and its rights. */
async function ensureNamespace(kube: KubeCall, name: string): Promise<void> {
  const labels = { 'app.kubernetes.io/managed-by': 'plumbline' };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  const { status } = await kube({ method: 'POST', path: '/api/v1/namespaces', body, timeoutMs: 5_000 });
  if (status !== 201 && status !== 409)
    throw new Error(`the namespace ${name} cannot be created: the API server answered ${status}`);
}

function refuseWhenHeld(holders: HolderRecord, me: Holder): void {
  const other = holders.living().find(({ pid, startTime }) => pid !== me.pid || startTime !== me.startTime);
  if (other === undefined) return;
  throw new HeldError(
    formatHolder(other),
    `the environment is held by process ${other.pid} on this machine (see ps -fp ${other.pid}); one run at a time: wait for that one, or end it and run plumbline restore`,
  );
}

/**
 * Called under an instance's lock, before it is provisioned or removed: a run that holds the environment keeps it.
 * @throws HeldError (75) naming the holder.
 */
export function refuseWhileHeld(environment: string, embedded: InstanceName | undefined): void {
  refuseWhenHeld(new HolderRecord(safetyFolder(environment, embedded)), holderSelf());
}

function refuseWhileProvisioned(instance: InstanceName): void {
  const other = instanceHolder(instance);
  if (other === null || other.pid === process.pid) return;
  throw new HeldError(
    `process ${other.pid}`,
    `${instance} is being provisioned or removed by process ${other.pid} since ${other.since}, for the checkout ${other.checkout}; wait until it has ended`,
  );
}

/** Rollbacks on nodes need no API server, and may be what brings it back. */
async function undoNodesFirst(journal: Journal, clusterUid: string | null): Promise<RestoreReport> {
  const nodes = journal.open().filter(({ rollback }) => !rollback.kind.startsWith('kube-'));
  return undoAll(nodes, { journal, kube: null, clusterUid, retryForMs: 0 });
}

function withEarly(early: RestoreReport | null, late: RestoreReport): RestoreReport {
  if (early === null) return late;
  // Early failures were retried in the late pass; early conflicts were not.
  return {
    actions: early.undone.length + late.actions,
    undone: [...early.undone, ...late.undone],
    failed: [...early.conflicts, ...late.failed],
    conflicts: [...early.conflicts, ...late.conflicts],
  };
}

function joined(one: RestoreReport, other: RestoreReport): RestoreReport {
  return {
    actions: one.actions + other.actions,
    undone: [...one.undone, ...other.undone],
    failed: [...one.failed, ...other.failed],
    conflicts: [...one.conflicts, ...other.conflicts],
  };
}
