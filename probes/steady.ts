import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from './clock.ts';
import type { Bounds, Steadiness, StoreDriver, StoreTarget } from './store-driver.ts';

/** One look that hangs costs no more than this. */
const LOOK_MS = 2000;
const LOOK_EVERY_MS = 300;

/** A store's `waitSteady` from its `steady`: looks every 300 ms until it holds, the deadline has passed or the signal fires. */
export function waitSteadyBy(steady: StoreDriver['steady']): StoreDriver['waitSteady'] {
  return async (target: StoreTarget, bounds: Bounds): Promise<Steadiness> => {
    const end = monoMs() + bounds.deadlineMs;
    for (;;) {
      const seen = await steady(target, { ...bounds, deadlineMs: LOOK_MS });
      const left = end - monoMs();
      if (seen.ok || left <= 0 || bounds.signal?.aborted === true) return seen;
      try {
        await sleep(
          Math.min(LOOK_EVERY_MS, left),
          undefined,
          bounds.signal === undefined ? {} : { signal: bounds.signal },
        );
      } catch {
        return seen; // aborted
      }
    }
  };
}
