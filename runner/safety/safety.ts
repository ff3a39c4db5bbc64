import { randomUUID } from 'node:crypto';
import { monoMs } from '../../host/clock.ts';
import type { KubeObject, ObjectRef } from '../../suites/harness/protocol.ts';
import { RefusedError } from './errors.ts';
import type { Lease } from './lease/lease.ts';
import type { Journal } from './journal/journal.ts';
import type { KillSwitch } from './lease/kill-switch.ts';
import type { Mirror } from './journal/mirror.ts';
import { isUndoneElsewhere } from './journal/mirror.ts';
import { GuardedObjects } from './objects.ts';
import type { ChangeOptions } from './objects.ts';
import { bootId } from '../../host/process-identity.ts';
import { self } from './lease/place.ts';
import { pause } from './lease/pause.ts';
import type { ChildRecord } from './lease/processes.ts';
import type { Timers } from './timers/timers.ts';
import type { Access, Entry, Rollback, KubeCall, RestoreReport } from './types.ts';
import { undoAll } from './undo.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** What is to be done, and how it is undone. */
export type Mutation = {
  readonly check: string;
  /** For people: what is done, to what. */
  readonly title: string;
  readonly access: Access;
  /** The fault's name, where it is one. */
  readonly fault?: string;
  /** Empty for what heals by itself. */
  readonly rollbacks: readonly Rollback[];
  /** It takes the API server away, so that kill switch and mirror may be unreachable until it is undone. */
  readonly controlPlane?: boolean;
  /** Upper bound of the duration of `act`, ms, if above 30 s. */
  readonly endsWithinMs?: number;
  /** When the timers undo it, even if the run is alive, ms after it was recorded; left out: after `restoreDeadlineMs`. */
  readonly dueAfterMs?: number;
  /** @param notDone to be called where it has certainly changed nothing: then nothing is to be undone */
  act(notDone: () => void): Promise<void>;
};

/** Returns why a mutation is not permitted; null: it is. Must return within seconds. */
export type Permit = (mutation: Mutation) => string | null | Promise<string | null>;

export type SafetyParts = {
  readonly kube: KubeCall;
  readonly journal: Journal;
  readonly lease: Lease;
  readonly killSwitch: KillSwitch;
  readonly mirror: Mirror;
  readonly timers: Timers;
  readonly children: ChildRecord;
  readonly clusterUid: string;
  readonly runId: string;
  readonly restoreDeadlineMs: number;
  readonly restoredAtStart: RestoreReport;
  readonly permit?: Permit | undefined;
  readonly notice: (message: string) => void;
  readonly stop: AbortController;
  readonly release: () => Promise<void>;
};

/** An API server that was stopped needs up to this long to answer again, once its manifest is back. */
const RESTORE_RETRY_MS = 60_000;

/** Longer than any action takes that sets no `endsWithinMs`. */
const UNDER_WAY_DEADLINE_MS = 30_000;

const outdated = (why: string): string =>
  `the mirror of the rollback journal is outdated, so runs on other machines may be refused: ${why}`;

const BEING_UNDONE = 'since what the check did is being undone';

type RestoreFilter = { check?: string; access?: Access };

/** An application of objects between its call and its end. */
type Applying = {
  readonly mutation: { readonly check: string; readonly access: Access };
  readonly cancel: AbortController;
};

/** A mutation between its call and its end. */
type UnderWay = { readonly mutation: Mutation; cancelled: boolean; readonly ended: Promise<undefined> };

/** The one way to change anything: see `perform`. Made by `openSafety`. */
export class Safety {
  readonly restoredAtStart: RestoreReport;
  readonly children: ChildRecord;
  /** Aborted when no new action may begin: restore then. */
  readonly stopped: AbortSignal;
  readonly #parts: SafetyParts;
  readonly #objects: GuardedObjects;
  readonly #underWay = new Set<UnderWay>();
  readonly #applying = new Set<Applying>();
  #closed = false;
  /** Numbers of the entries whose action took the API server away and was not yet seen to be undone. */
  readonly #causingGap = new Set<number>();
  /** Conflicts, which are never undone. The journal has closed them: only this set still knows them at the end. */
  readonly #conflicts: Set<string>;
  /** Checks that have ended and were not begun again. */
  readonly #endedChecks = new Set<string>();
  #gaps = 0;
  /** Rollbacks run one after the other, whoever asks for them. */
  #restoring: Promise<unknown> = Promise.resolve();

  constructor(parts: SafetyParts) {
    this.#parts = parts;
    this.restoredAtStart = parts.restoredAtStart;
    this.#conflicts = new Set(parts.restoredAtStart.conflicts);
    this.children = parts.children;
    this.stopped = parts.stop.signal;
    this.#objects = new GuardedObjects(parts.kube, {
      perform: (mutation) => this.perform(mutation),
      hasCreated: (path) => this.#created(new Set([path])).length > 0,
      settleCreated: (paths) => this.#settle(this.#created(paths)),
      stopped: this.stopped,
    });
    // At once: an orderly end of client loads and workers takes longer than anything may stay broken.
    this.stopped.addEventListener('abort', () => void this.#restoreStopped(), { once: true });
  }

  /** Who we are in the Lease. */
  get identity(): string {
    return this.#parts.lease.identity;
  }

  /** How often the mirror in the cluster could not be brought up to date before an action on a node. */
  get mirrorGaps(): number {
    return this.#gaps;
  }

  /** From now on nothing begins for the check: an injection may still be preparing what it would do. */
  endCheck(check: string): void {
    this.#endedChecks.add(check);
  }

  /** The check may act, also where it has ended before. */
  beginCheck(check: string): void {
    this.#endedChecks.delete(check);
  }

  /**
   * Every mutation goes through here: permits, Lease and kill switch are checked, the rollback is recorded on disk and in the
   * cluster, the timers are armed, Lease and kill switch are checked again, and only then it acts. When `act` throws, its rollback
   * stays open: nobody knows how far it came.
   * @throws RefusedError when it may not begin, such as after `close` or `endCheck`; Error when its rollback or timer could not be put in
   * place; what `act` throws.
   */
  async perform(mutation: Mutation): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const underWay: UnderWay = { mutation, cancelled: false, ended: promise };
    this.#underWay.add(underWay);
    try {
      const entries = await this.#begin(underWay);
      await mutation.act(() => this.#settle(entries, 'not done'));
    } finally {
      this.#underWay.delete(underWay);
      resolve(undefined);
    }
  }

  /** Everything that comes before the action. When it throws, nothing was done, so that nothing is to be undone. */
  async #begin(underWay: UnderWay): Promise<Entry[]> {
    const { mutation } = underWay;
    const { killSwitch, lease, restoreDeadlineMs } = this.#parts;
    await this.#check(mutation);
    const entries = mutation.rollbacks.map((rollback) => this.#record(mutation, rollback));
    try {
      await this.#secure(mutation);
      await this.#check(mutation);
      if (underWay.cancelled) {
        throw new RefusedError(
          'stopped',
          `${mutation.title} (${mutation.check}): not begun, ${BEING_UNDONE}`,
        );
      }
    } catch (error) {
      this.#settle(entries, 'not begun');
      throw error;
    }
    if (mutation.controlPlane !== true) return entries;
    for (const { seq } of entries) this.#causingGap.add(seq);
    killSwitch.allowGap(restoreDeadlineMs);
    lease.allowGap(restoreDeadlineMs);
    return entries;
  }

  /**
   * Cancels mutations that have not begun and waits for those in flight: a rollback that ran before its action would leave the action in
   * force and the journal empty.
   */
  async #settleUnderWay({ check, access }: RestoreFilter): Promise<void> {
    const matches = ({ mutation }: Pick<Applying, 'mutation'>): boolean =>
      (check === undefined || mutation.check === check) &&
      (access === undefined || mutation.access === access);
    for (const { mutation, cancel } of [...this.#applying].filter(matches))
      cancel.abort(
        new RefusedError('stopped', `objects of ${mutation.check}: no more are made, ${BEING_UNDONE}`),
      );
    const matching = [...this.#underWay].filter(matches);
    if (matching.length === 0) return;
    for (const one of matching) one.cancelled = true;
    const over = new AbortController();
    const all = Promise.all(matching.map(({ ended }) => ended));
    const lengths = matching.map(({ mutation }) => (mutation.endsWithinMs ?? 0) + UNDER_WAY_DEADLINE_MS);
    await Promise.race([all, pause(Math.max(...lengths), over.signal)]);
    over.abort();
  }

  /**
   * Creates missing objects and patches existing ones; see GuardedObjects.
   * @param signal fires when nobody wants them any more
   */
  async apply(
    check: string,
    objects: readonly KubeObject[],
    { signal, ...options }: ChangeOptions & { readonly signal?: AbortSignal } = { access: 'canary' },
  ): Promise<void> {
    const cancel = new AbortController();
    const applying = { mutation: { check, access: options.access }, cancel };
    this.#applying.add(applying);
    try {
      const either = signal === undefined ? cancel.signal : AbortSignal.any([signal, cancel.signal]);
      await this.#objects.apply(check, objects, options, either);
    } finally {
      this.#applying.delete(applying);
    }
  }

  patch(
    check: string,
    ref: ObjectRef,
    patch: Record<string, unknown>,
    options: ChangeOptions = { access: 'control' },
  ): Promise<KubeObject> {
    return this.#objects.patch(check, ref, patch, options);
  }

  remove(
    check: string,
    refs: readonly ObjectRef[],
    options: ChangeOptions = { access: 'canary' },
  ): Promise<void> {
    return this.#objects.remove(check, refs, options);
  }

  /** What is still to be undone. */
  pending(filter: RestoreFilter = {}): Entry[] {
    const { check, access } = filter;
    return this.#parts.journal
      .open()
      .filter(
        (entry) =>
          (check === undefined || entry.check === check) && (access === undefined || entry.access === access),
      );
  }

  /**
   * Undoes open entries, last first, and continues past steps that fail. Works when `stopped` too: a rollback acts by compare-and-set, so
   * it is harmless while another process restores the cluster.
   */
  restore(filter: RestoreFilter = {}): Promise<RestoreReport> {
    const restoring = this.#restoring.then(() => this.#restoreNow(filter));
    this.#restoring = restoring.catch(() => undefined);
    return restoring;
  }

  async #restoreStopped(): Promise<void> {
    const { notice } = this.#parts;
    try {
      const { actions, undone, failed } = await this.restore();
      if (actions > 0)
        notice(`stopped, and undone at once: ${undone.join('; ') || 'nothing was left to undo'}`);
      for (const failure of failed) notice(`not undone yet: ${failure}`);
    } catch (error) {
      notice(`not undone yet: ${errorText(error)}`);
    }
  }

  async #restoreNow(filter: RestoreFilter): Promise<RestoreReport> {
    await this.#settleUnderWay(filter);
    const { journal, kube, clusterUid, lease, mirror } = this.#parts;
    const entries = this.pending(filter);
    if (entries.length === 0) {
      this.#endGap();
      return { actions: 0, undone: [], failed: [], conflicts: [] };
    }
    if (await lease.isTakenByOther()) {
      return {
        actions: entries.length,
        undone: [],
        failed: ['another process holds the environment now and restores what is left'],
        conflicts: [],
      };
    }
    const report = await undoAll(entries, { journal, kube, clusterUid, retryForMs: RESTORE_RETRY_MS });
    for (const conflict of report.conflicts) this.#conflicts.add(conflict);
    this.#endGap();
    // Undoing takes a while, and is harmless whoever holds the environment by now; the mirror may be another's.
    if ((await lease.holder()) !== 'us') return report;
    // Otherwise the journal would grow throughout a series of a hundred drills. It keeps what the mirror may still list.
    journal.rotate();
    await mirror.sync();
    return report;
  }

  /** Once every action that took the API server down is undone, silence of the kill switch or the Lease counts again. */
  #endGap(): void {
    const { journal, killSwitch, lease } = this.#parts;
    if (this.#causingGap.size === 0) return;
    if (journal.open().some(({ seq }) => this.#causingGap.has(seq))) return;
    this.#causingGap.clear();
    killSwitch.endGap();
    lease.endGap();
  }

  /**
   * Restores all, ends the timers and releases the Lease; from its call on, nothing new begins. Timers stay armed for what could not be
   * undone. `failed` covers the whole run, not only the last restore: nothing left broken may go unreported.
   */
  async close(): Promise<RestoreReport> {
    this.#closed = true;
    const { actions, undone, failed } = await this.restore();
    const conflicts = [...this.#conflicts];
    const report = { actions, undone, failed: [...new Set([...conflicts, ...failed])], conflicts };
    const { killSwitch, notice } = this.#parts;
    await killSwitch.close();
    try {
      await this.#tidyUp();
    } catch (error) {
      // What was not restored must be told, whatever happens here.
      notice(`the timers or the mirror of the rollback journal could not be cleared: ${errorText(error)}`);
    }
    await this.#parts.release();
    return report;
  }

  /** Another holder has its own mirror and Job in the cluster: they are left alone. */
  async #tidyUp(): Promise<void> {
    const { timers, lease, mirror, notice } = this.#parts;
    const holder = await lease.holder();
    if (holder === 'us') {
      const trouble = this.pending().length === 0 ? await timers.disarm() : [];
      const gap = await mirror.sync();
      for (const message of trouble) notice(message);
      if (gap !== null && mirror.mayBeStale) notice(outdated(gap));
    } else if (holder === 'nobody') {
      // Whoever takes it next is refused by what is listed. The timers end by themselves.
      const gap = await mirror.dropSettled();
      if (gap !== null) notice(outdated(gap));
    } else if (!lease.takenByOther) {
      notice(
        'whether another run holds the Lease by now is unknown, so that the undo Job and the mirror of the rollback journal were left as they are: the Job ends by itself, and the next run brings the mirror up to date',
      );
    }
  }

  async #check(mutation: Mutation): Promise<void> {
    this.#refuseOnceOver(mutation);
    const reason = (await this.#parts.permit?.(mutation)) ?? null;
    if (reason !== null)
      throw new RefusedError('not-permitted', `${mutation.title} (${mutation.check}): ${reason}`);
    await this.#parts.killSwitch.confirm();
    await this.#parts.lease.renewAfterGap();
    // Last, and with no await after it: during a pause of this process the Lease may expire.
    this.#parts.lease.assertHeld();
    if (this.stopped.aborted)
      throw new RefusedError(
        'stopped',
        `${mutation.title} (${mutation.check}): ${String(this.stopped.reason)}`,
      );
    this.#refuseOnceOver(mutation);
  }

  #refuseOnceOver({ title, check }: Mutation): void {
    const over = this.#closed ? 'run' : this.#endedChecks.has(check) ? 'check' : null;
    if (over !== null)
      throw new RefusedError('stopped', `${title} (${check}): not begun, since the ${over} has ended`);
  }

  #record(mutation: Mutation, rollback: Rollback): Entry {
    const { journal, clusterUid, runId, restoreDeadlineMs } = this.#parts;
    const { dueAfterMs = restoreDeadlineMs } = mutation;
    return journal.record({
      id: randomUUID(),
      check: mutation.check,
      title: mutation.title,
      access: mutation.access,
      rollback,
      clusterUid,
      bootId: bootId(),
      holder: self(),
      runId,
      dueMs: monoMs() + dueAfterMs,
      dueAfterMs,
      at: new Date().toISOString(),
    });
  }

  /**
   * A rollback that the undo Job or another machine may have to run must be in the mirror before the action. For one that only this machine
   * can run, a failed write is reported.
   */
  async #secure({ rollbacks, title }: Mutation): Promise<void> {
    if (rollbacks.length === 0) return;
    const [gap] = await Promise.all([this.#parts.mirror.sync(), this.#parts.timers.arm(rollbacks)]);
    if (gap === null) return;
    if (rollbacks.some(isUndoneElsewhere)) {
      throw new Error(`${title}: its rollback cannot be recorded in the cluster: ${gap}`);
    }
    this.#gaps++;
    this.#parts.notice(
      `${title}: its rollback is recorded on disk only, since the mirror in the cluster cannot be written: ${gap}`,
    );
  }

  #created(paths: ReadonlySet<string>): Entry[] {
    return this.pending().filter(
      ({ rollback }) => rollback.kind === 'kube-delete' && paths.has(rollback.path),
    );
  }

  /** The mirror is updated with the next action or at the end: undoing an entry twice is harmless. */
  #settle(entries: readonly Entry[], note = 'undone by its check'): void {
    for (const { seq } of entries) this.#parts.journal.setState(seq, 'done', note);
  }
}
