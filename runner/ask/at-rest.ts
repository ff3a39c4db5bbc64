import { lookUntil } from '../../host/wait.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { takeSnapshot, unrest, type Snapshot, type SnapshotSource } from './snapshot.ts';

const LOOK_EVERY_MS = 500;

/**
 * What an earlier trial, control or load left in motion must not be what the environment is compared with afterwards: it is looked at
 * until everything is ready and every store steady, at most the environment's `settle` timeout; `restless` tells what is not, in words,
 * when that did not come. `about` is the store that the check is about, if it is: one that cannot be asked is in the way of no other check. @throws Error when the cluster cannot be looked at, or the signal's reason.
 */
export async function atRest(
  runner: SnapshotSource,
  signal: AbortSignal,
  about: string | null = null,
): Promise<{ seen: Snapshot; restless: string[] }> {
  const seen = await lookUntil(
    () => takeSnapshot(runner),
    (now) => unrest(now, about).length === 0,
    { deadlineMs: timeoutMsOf(runner.runState.environment, 'settle'), intervalMs: LOOK_EVERY_MS, signal },
  );
  const restless = unrest(seen, about);
  return { seen, restless: restless.map((subject) => `${subject}: ${seen.get(subject) ?? 'not seen'}`) };
}
