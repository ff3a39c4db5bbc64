import { lookUntil } from '../../host/wait.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { leaveOut, restlessLines, unrest, type Snapshot } from './snapshot/snapshot.ts';
import type { SnapshotSource } from './snapshot/stores.ts';
import { takeSnapshot } from './snapshot/take.ts';

const LOOK_EVERY_MS = 500;

/**
 * Waits until everything is ready and every store steady, at most the environment's `settle` timeout: otherwise what an earlier trial,
 * control or load left in motion would show in the comparison afterwards. `restless` says what is not at rest by then. `about` is the store
 * under check: any other store that cannot be queried is ignored.
 * @throws Error when the cluster cannot be looked at, or the signal's reason.
 */
export async function atRest(
  runner: SnapshotSource,
  signal: AbortSignal,
  about: string | null = null,
): Promise<Rest> {
  const { seen } = await looked(runner, signal, about);
  return { seen, restless: restlessLines(seen, about) };
}

/**
 * As `atRest`, for a trial of the store in `about`. Another store that was not steady in any look of this run was broken before it: it keeps no
 * trial from being made, and its roles are not compared afterwards. One that was steady earlier in this run is waited for like any other: an
 * earlier trial may have broken it, and nothing more is broken beside it.
 */
export async function atRestBeside(
  runner: SnapshotSource,
  signal: AbortSignal,
  about: string | null,
): Promise<Rest> {
  const { seen, never } = await looked(runner, signal, about);
  for (const store of never)
    if (store !== about && !runner.stores.steadyOnce.has(store)) leaveOut(seen, store);
  return { seen, restless: restlessLines(seen, about) };
}

interface Rest {
  seen: Snapshot;
  /** What is not at rest, in words. */
  restless: string[];
}

/** The last look, and the stores that were not at rest in any of them. */
async function looked(
  runner: SnapshotSource,
  signal: AbortSignal,
  about: string | null,
): Promise<{ seen: Snapshot; never: string[] }> {
  const looks: string[][] = [];
  const seen = await lookUntil(
    async () => {
      const now = await takeSnapshot(runner);
      looks.push(unrest(now, about).stores);
      return now;
    },
    (now) => restlessLines(now, about).length === 0,
    { deadlineMs: timeoutMsOf(runner.runState.environment, 'settle'), intervalMs: LOOK_EVERY_MS, signal },
  );
  const [first = []] = looks;
  return { seen, never: first.filter((store) => looks.every((look) => look.includes(store))) };
}
