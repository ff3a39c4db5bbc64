import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../probes/clock.ts';
import { kubeCallFrom } from './kube-call.ts';
import { Ledger } from './ledger.ts';
import { self } from './place.ts';
import { HolderRecord, replaceFile } from './processes.ts';
import type { Entry } from './types.ts';
import { isKubeInverse } from './types.ts';
import { undoAll } from './undo.ts';

/**
 * The timer on the host: a process in a session of its own that outlives the harness. It undoes open entries when they
 * are due, or when no process that holds the environment has lived for a while (a next start comes first).
 * Usage: host-timer.ts LEDGER_FOLDER [KUBECONFIG]. Everything is loaded at the start: the checkout may go.
 */

/** Time for a person or a scheduler to start the harness again, which restores with more care. */
const GRACE_MS = 20_000;
const LOOK_EVERY_MS = 500;
/** A step that fails is tried again this often, for as long as it is open. */
const RETRY_EVERY_MS = 5_000;
const GIVE_UP_MS = 30 * 60_000;

export const HOST_TIMER_FILE = 'host-timer.json';
/** Present while a Job in the cluster undoes what went through the API server. */
export const CLUSTER_TIMER_FILE = 'cluster-timer.json';

/** Whether the timer has to act now. Pure: `goneSinceMs` is null while a holder lives. */
export function dueNow(entries: readonly Entry[], nowMs: number, goneSinceMs: number | null): Entry[] {
  const abandoned = goneSinceMs !== null && nowMs - goneSinceMs >= GRACE_MS;
  return entries.filter((entry) => abandoned || entry.dueMs <= nowMs);
}

/** Follows one ledger until nothing is left to do and nobody holds the environment. */
export async function followLedger(folder: string, kubeconfig: string | undefined): Promise<void> {
  const ledger = new Ledger(folder);
  const holders = new HolderRecord(folder);
  const kube = kubeconfig === undefined ? null : kubeCallFrom(kubeconfig).call;
  let goneSinceMs: number | null = null;
  for (;;) {
    const now = monoMs();
    goneSinceMs = holders.living().length > 0 ? null : (goneSinceMs ?? now);
    const mine = ledger.open().filter((entry) => isMine(entry, folder));
    if (goneSinceMs !== null && isOver(mine, now - goneSinceMs)) return;
    const due = dueNow(mine, now, goneSinceMs);
    if (due.length > 0) {
      const report = await undoAll(due, { ledger, kube, clusterUid: null, retryForMs: 0 });
      log(
        folder,
        `undid ${report.undone.length} of ${report.actions}: ${[...report.undone, ...report.failed].join('; ')}`,
      );
    }
    await sleep(due.length > 0 ? RETRY_EVERY_MS : LOOK_EVERY_MS);
  }
}

function isOver(mine: readonly Entry[], goneForMs: number): boolean {
  return (mine.length === 0 && goneForMs >= GRACE_MS) || goneForMs >= GIVE_UP_MS;
}

function isMine(entry: Entry, folder: string): boolean {
  return (
    !isKubeInverse(entry.inverse) ||
    entry.inverse.path.includes('/secrets') ||
    !existsSync(join(folder, CLUSTER_TIMER_FILE))
  );
}

function log(folder: string, message: string): void {
  appendFileSync(join(folder, 'host-timer.log'), `${new Date().toISOString()} ${message}\n`);
}

async function main(folder: string, kubeconfig: string | undefined): Promise<void> {
  const file = join(folder, HOST_TIMER_FILE);
  replaceFile(file, JSON.stringify(self()));
  try {
    await followLedger(folder, kubeconfig);
    log(folder, 'nothing left to undo, nobody holds the environment: ending');
  } catch (error) {
    log(folder, `ended by ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
  }
}

const [, script, folder, kubeconfig] = process.argv;
if (script === import.meta.filename && folder !== undefined && existsSync(folder)) {
  await main(folder, kubeconfig);
}
