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
import { bootId, self } from './lease/place.ts';
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
  /** When `act` is over at the latest, ms, where that is longer than half a minute. */
  readonly endsWithinMs?: number;
  act(): Promise<void>;
};

/** Why a mutation may not be done; null: it may. What it waits for must end within seconds. */
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

/** Longer than the deadlines of any action that does not say more. */
const UNDER_WAY_DEADLINE_MS = 30_000;

type RestoreFilter = { check?: string; access?: Access };

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
  /** Numbers of the entries whose action took the API server away and was not yet seen to be undone. */
  readonly #causingGap = new Set<number>();
  /** What will never be undone: the journal has closed it, so that only we still know at the end. */
  readonly #conflicts: Set<string>;
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
    });
    // At once: ending client loads and workers in an orderly way takes longer than anything may stay broken.
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

  /**
   * Every mutation goes through here: permits, Lease and kill switch are checked, the rollback is recorded on disk and in the
   * cluster, the timers are armed, Lease and kill switch are checked again, and only then it acts. When `act` throws, its rollback
   * stays open: nobody knows how far it came.
   * @throws RefusedError when it may not begin; Error when its rollback or timer could not be put in place; what `act` throws.
   */
  async perform(mutation: Mutation): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const underWay: UnderWay = { mutation, cancelled: false, ended: promise };
    this.#underWay.add(underWay);
    try {
      await this.#begin(underWay);
      await mutation.act();
    } finally {
      this.#underWay.delete(underWay);
      resolve(undefined);
    }
  }

  /** Everything that comes before the action. When it throws, nothing was done, so that nothing is to be undone. */
  async #begin(underWay: UnderWay): Promise<void> {
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
          `${mutation.title} (${mutation.check}): its check is being restored`,
        );
      }
    } catch (error) {
      this.#settle(entries, 'not begun');
      throw error;
    }
    if (mutation.controlPlane !== true) return;
    for (const { seq } of entries) this.#causingGap.add(seq);
    killSwitch.allowGap(restoreDeadlineMs);
    lease.allowGap(restoreDeadlineMs);
  }

  /**
   * What is recorded but has not begun will not begin, and what has begun comes to its end: a rollback that ran before its
   * action would leave the action in force and the journal empty.
   */
  async #settleUnderWay({ check, access }: RestoreFilter): Promise<void> {
    const matching = [...this.#underWay].filter(
      ({ mutation }) =>
        (check === undefined || mutation.check === check) &&
        (access === undefined || mutation.access === access),
    );
    if (matching.length === 0) return;
    for (const one of matching) one.cancelled = true;
    const over = new AbortController();
    const all = Promise.all(matching.map(({ ended }) => ended));
    const lengths = matching.map(({ mutation }) => (mutation.endsWithinMs ?? 0) + UNDER_WAY_DEADLINE_MS);
    await Promise.race([all, pause(Math.max(...lengths), over.signal)]);
    over.abort();
  }

  /** Server-side the least: creates what is missing, patches what is there; see GuardedObjects. */
  apply(
    check: string,
    objects: readonly KubeObject[],
    options: ChangeOptions = { access: 'canary' },
  ): Promise<void> {
    return this.#objects.apply(check, objects, options);
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
   * Undoes what is open, last first, past steps that fail. Works when `stopped` too: a rollback acts by compare-and-set, and
   * a cluster that somebody else restores meanwhile is not harmed by it.
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
    // A series of a hundred drills must not make its journal longer and longer.
    journal.rotate();
    await mirror.sync();
    return report;
  }

  /** Once nothing is left undone that took the API server away, a kill switch or a Lease that stays silent means what it always means. */
  #endGap(): void {
    const { journal, killSwitch, lease } = this.#parts;
    if (this.#causingGap.size === 0) return;
    if (journal.open().some(({ seq }) => this.#causingGap.has(seq))) return;
    this.#causingGap.clear();
    killSwitch.endGap();
    lease.endGap();
  }

  /**
   * Restores all, ends the timers, gives the Lease back. Timers stay armed for what could not be undone. `failed` holds all that was
   * not undone since the start, by whomever it was tried: what is left broken must not be lost between two restores.
   */
  async close(): Promise<RestoreReport> {
    const { actions, undone, failed } = await this.restore();
    const conflicts = [...this.#conflicts];
    const report = { actions, undone, failed: [...new Set([...conflicts, ...failed])], conflicts };
    await this.#parts.killSwitch.close();
    // Whoever holds the environment now has a mirror and a Job of its own there.
    if (!(await this.#parts.lease.isTakenByOther())) await this.#tidyUp();
    await this.#parts.release();
    return report;
  }

  async #tidyUp(): Promise<void> {
    const { timers, mirror, notice } = this.#parts;
    const trouble: string[] = [];
    if (this.pending().length === 0) trouble.push(...(await timers.disarm()));
    const gap = await mirror.sync();
    if (gap !== null && mirror.mayBeStale)
      trouble.push(`the mirror of the journal is outdated, and may keep other machines out: ${gap}`);
    for (const message of trouble) notice(message);
  }

  async #check(mutation: Mutation): Promise<void> {
    const reason = (await this.#parts.permit?.(mutation)) ?? null;
    if (reason !== null)
      throw new RefusedError('not-permitted', `${mutation.title} (${mutation.check}): ${reason}`);
    await this.#parts.killSwitch.confirm();
    await this.#parts.lease.renewAfterGap();
    // Last, and without a wait after it: what was true before a pause may not be any more.
    this.#parts.lease.assertHeld();
    if (this.stopped.aborted)
      throw new RefusedError(
        'stopped',
        `${mutation.title} (${mutation.check}): ${String(this.stopped.reason)}`,
      );
  }

  #record(mutation: Mutation, rollback: Rollback): Entry {
    const { journal, clusterUid, runId, restoreDeadlineMs } = this.#parts;
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
      dueMs: monoMs() + restoreDeadlineMs,
      dueAfterMs: restoreDeadlineMs,
      at: new Date().toISOString(),
    });
  }

  /** The mirror must hold what the cluster's own timer or another machine has to undo; for what only this machine can undo it may be late, and that is said. */
  async #secure({ rollbacks, title }: Mutation): Promise<void> {
    if (rollbacks.length === 0) return;
    const [gap] = await Promise.all([this.#parts.mirror.sync(), this.#parts.timers.arm(rollbacks)]);
    if (gap === null) return;
    if (rollbacks.some(isUndoneElsewhere)) {
      throw new Error(`${title}: its rollback cannot be recorded in the cluster: ${gap}`);
    }
    this.#gaps++;
    this.#parts.notice(
      `${title}: recorded on disk only, the mirror in the cluster cannot be written: ${gap}`,
    );
  }

  #created(paths: ReadonlySet<string>): Entry[] {
    return this.pending().filter(
      ({ rollback }) => rollback.kind === 'kube-delete' && paths.has(rollback.path),
    );
  }

  /** The mirror follows with the next action or at the end: undoing once more what is done changes nothing. */
  #settle(entries: readonly Entry[], note = 'undone by its check'): void {
    for (const { seq } of entries) this.#parts.journal.setState(seq, 'done', note);
  }
}
