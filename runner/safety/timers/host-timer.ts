import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../../host/clock.ts';
import { kubeCallFrom } from '../kube-call.ts';
import { Journal } from '../journal/journal.ts';
import { clearTrouble, writeTrouble } from '../journal/left-open.ts';
import { bootId } from '../../../host/process-identity.ts';
import { self } from '../lease/place.ts';
import { HolderRecord, replaceFile } from '../lease/processes.ts';
import type { Entry, KubeCall } from '../types.ts';
import { isKubeRollback } from '../types.ts';
import { undoAll } from '../undo.ts';
import { errorText, stackOf } from '../../../reports/record/error-text.ts';

/**
 * The timer on the host: a process in its own session that outlives the harness. It undoes open entries when they are due, or when no
 * holder of the environment has been alive for `GRACE_MS`. Its entry point is runner/host-timer.ts. All code is loaded at the start: the
 * checkout may be deleted.
 */

/** Time for a person or a scheduler to start the harness again, which restores with more care. */
const GRACE_MS = 20_000;
const LOOK_EVERY_MS = 500;
/** A step that fails is tried again after this, then after twice as long, and so on; it is never given up. */
const RETRY_AFTER_MS = 5_000;
const RETRY_AT_MOST_AFTER_MS = 5 * 60_000;

/** While looking itself fails (a full disk, a missing permission), the pause between looks grows up to this. */
const LOOK_AT_LEAST_EVERY_MS = 30_000;
/**
 * This long after it was due, a node is no longer switched on: somebody may have repaired the cluster, or switched the node off on purpose.
 * The entry stays open, and `plumbline restore` undoes it.
 */
const POWER_AT_MOST_MS = 4 * 3_600_000;

export const HOST_TIMER_FILE = 'host-timer.json';
/** Present while a Job in the cluster undoes what went through the API server. */
export const CLUSTER_TIMER_FILE = 'cluster-timer.json';

/** The entries to undo now. Pure: `goneSinceMs` is null while a holder lives. Those of an earlier boot, with another clock, are due. */
export function dueNow(
  entries: readonly Entry[],
  now: { ms: number; bootId: string },
  goneSinceMs: number | null,
): Entry[] {
  const abandoned = goneSinceMs !== null && now.ms - goneSinceMs >= GRACE_MS;
  return entries.filter((entry) => abandoned || entry.dueMs <= now.ms || entry.bootId !== now.bootId);
}

/** Whether it is too late to switch a node on, by the clock that shows more time: the monotonic one stops while a laptop sleeps. Pure. */
export function tooLate(entry: Entry, now: { ms: number; bootId: string; wallMs: number }): boolean {
  if (entry.rollback.kind !== 'node-power') return false;
  const byMonotonic = entry.bootId === now.bootId ? now.ms - entry.dueMs : 0;
  const byWall = now.wallMs - Date.parse(entry.at) - entry.dueAfterMs;
  return Math.max(byMonotonic, byWall) > POWER_AT_MOST_MS;
}

/** Retries failed entries at growing intervals, for as long as they are open. */
export class Retries {
  readonly #next = new Map<number, { tries: number; atMs: number }>();

  /** Those that were not tried, or whose pause is over. */
  ready(entries: readonly Entry[], nowMs: number): Entry[] {
    return entries.filter(({ seq }) => (this.#next.get(seq)?.atMs ?? nowMs) <= nowMs);
  }

  /** @param tried what was tried just now @param open what is open after it */
  after(tried: readonly Entry[], open: readonly Entry[], nowMs: number): void {
    for (const { seq } of tried) {
      const tries = (this.#next.get(seq)?.tries ?? 0) + 1;
      const pauseMs = Math.min(RETRY_AFTER_MS * 2 ** Math.min(tries - 1, 30), RETRY_AT_MOST_AFTER_MS);
      if (open.some((one) => one.seq === seq)) this.#next.set(seq, { tries, atMs: nowMs + pauseMs });
      else this.#next.delete(seq);
    }
  }

  /** The highest number of tries in vain of any entry. */
  get most(): number {
    return Math.max(0, ...[...this.#next.values()].map(({ tries }) => tries));
  }
}

/** Follows one journal until nothing is left to do and nobody holds the environment. */
export async function followJournal(
  folder: string,
  kubeconfig: string | undefined,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  const follower = new Follower(folder, kubeconfig);
  let troubles = 0;
  let said = '';
  // Without its folder, the environment was removed.
  while (existsSync(folder)) {
    try {
      if (await follower.look()) return;
      troubles = 0;
      said = '';
    } catch (error) {
      troubles++;
      // Possibly temporary (a full disk, a file being replaced), and the entries are still open.
      const message = errorText(error);
      if (message !== said) log(folder, `keeps running after ${stackOf(error)}`);
      said = message;
    }
    await wait(Math.min(LOOK_EVERY_MS * 2 ** Math.min(troubles, 10), LOOK_AT_LEAST_EVERY_MS));
  }
}

class Follower {
  readonly #folder: string;
  readonly #journal: Journal;
  readonly #holders: HolderRecord;
  readonly #kube: KubeCall | null;
  readonly #retries = new Retries();
  readonly #bootId = bootId();
  readonly #givenUp = new Set<string>();
  #goneSinceMs: number | null = null;

  constructor(folder: string, kubeconfig: string | undefined) {
    this.#folder = folder;
    this.#journal = new Journal(folder);
    this.#holders = new HolderRecord(folder);
    this.#kube = kubeconfig === undefined ? null : kubeCallFrom(kubeconfig).call;
  }

  /** Undoes what is due. @returns whether nothing is left to do and nobody holds the environment */
  async look(): Promise<boolean> {
    const nowMs = monoMs();
    this.#goneSinceMs = this.#holders.living().length > 0 ? null : (this.#goneSinceMs ?? nowMs);
    const mine = this.#mine();
    if (mine.length === 0) {
      // Entries given up are still open: the next command must report why.
      if (this.#givenUp.size === 0) clearTrouble(this.#folder);
      return this.#goneSinceMs !== null && nowMs - this.#goneSinceMs >= GRACE_MS;
    }
    const due = dueNow(mine, { ms: nowMs, bootId: this.#bootId }, this.#goneSinceMs);
    const now = this.#retries.ready(due, nowMs);
    if (now.length > 0) await this.#undo(now);
    return false;
  }

  async #undo(due: readonly Entry[]): Promise<void> {
    const folder = this.#folder;
    const report = await undoAll(due, {
      journal: this.#journal,
      kube: this.#kube,
      clusterUid: null,
      retryForMs: 0,
    });
    log(
      folder,
      `undid ${report.undone.length} of ${report.actions}: ${[...report.undone, ...report.failed].join('; ')}`,
    );
    this.#retries.after(due, this.#mine(), monoMs());
    if (report.failed.length > 0) writeTrouble(folder, this.#retries.most);
  }

  #mine(): Entry[] {
    return this.#journal.open().filter((entry) => this.#isMine(entry) && !this.#isGivenUp(entry));
  }

  #isGivenUp(entry: Entry): boolean {
    if (!tooLate(entry, { ms: monoMs(), bootId: this.#bootId, wallMs: Date.now() })) return false;
    if (this.#givenUp.has(entry.id)) return true;
    this.#givenUp.add(entry.id);
    log(this.#folder, `gave up undoing ${entry.title}: it was due ${POWER_AT_MOST_MS / 3_600_000} hours ago`);
    writeTrouble(this.#folder, this.#retries.most);
    return true;
  }

  #isMine({ rollback }: Entry): boolean {
    if (!isKubeRollback(rollback)) return true;
    // Without a kubeconfig this timer cannot undo it; the Job in the cluster does.
    if (this.#kube === null) return false;
    return rollback.path.includes('/secrets') || !existsSync(join(this.#folder, CLUSTER_TIMER_FILE));
  }
}

function log(folder: string, message: string): void {
  try {
    appendFileSync(join(folder, 'host-timer.log'), `${new Date().toISOString()} ${message}\n`);
  } catch {
    // A full disk must not end the timer.
  }
}

/** Runs the timer until nothing is left to undo. */
export async function runHostTimer(folder: string, kubeconfig: string | undefined): Promise<void> {
  const file = join(folder, HOST_TIMER_FILE);
  replaceFile(file, JSON.stringify(self()));
  try {
    await followJournal(folder, kubeconfig);
    log(folder, 'ending: nothing is left to undo, and no run holds the environment');
  } catch (error) {
    log(folder, `ended by ${stackOf(error)}`);
    process.exitCode = 1;
  }
}
