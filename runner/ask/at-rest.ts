import { lookUntil } from '../../host/wait.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { takeSnapshot, unrest, type Snapshot, type SnapshotSource } from './snapshot.ts';

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
): Promise<{ seen: Snapshot; restless: string[] }> {
  const seen = await lookUntil(
    () => takeSnapshot(runner),
    (now) => unrest(now, about).length === 0,
    { deadlineMs: timeoutMsOf(runner.runState.environment, 'settle'), intervalMs: LOOK_EVERY_MS, signal },
  );
  const restless = unrest(seen, about);
  return { seen, restless: restless.map((subject) => `${subject}: ${seen.get(subject) ?? 'not seen'}`) };
}
