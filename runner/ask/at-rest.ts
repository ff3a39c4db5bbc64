import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../host/clock.ts';
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
  const endMs = monoMs() + timeoutMsOf(runner.runState.environment, 'settle');
  for (;;) {
    const seen = await takeSnapshot(runner);
    const restless = unrest(seen, about);
    if (restless.length === 0 || monoMs() > endMs)
      return { seen, restless: restless.map((subject) => `${subject}: ${seen.get(subject) ?? 'not seen'}`) };
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
