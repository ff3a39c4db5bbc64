import { setTimeout as sleep } from 'node:timers/promises';
import { NOT_LET_IN } from '../../reports/record/observations/failover.ts';
import { askFailureOf } from '../asking.ts';
import { monoMs } from '../../host/clock.ts';
import type { Bounds, Steadiness, StoreDriver, StoreTarget } from './store-driver.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** One look that hangs costs no more than this. */
const LOOK_MS = 2000;
const LOOK_EVERY_MS = 300;

/**
 * What an error of looking says of a store: it is not steady. Where a server answered and does not let in whoever asks, nobody knows; that a
 * route, a manager or an answer is missing, of a store that could be asked before, is what a fault that lasts looks like.
 */
export function unsteadyBy(error: unknown): Steadiness {
  const detail = errorText(error);
  const { cause } = askFailureOf(error);
  const barred = NOT_LET_IN.find((one) => one === cause);
  return { ok: false, leader: null, detail, ...(barred !== undefined && { cannotAsk: barred }) };
}

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
