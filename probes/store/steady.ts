import { NOT_LET_IN } from '../../reports/record/observations/failover.ts';
import { askFailureOf, askText } from '../asking.ts';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { Steadiness, StoreDriver } from './store-driver.ts';

const LOOK_MS = 2000;
const LOOK_EVERY_MS = 300;

/**
 * What an error of a look says of a store: it is not steady. If a server answered and refused the login, or said more than is read, that is unknown. A missing
 * route, manager or answer, of a store that answered before, is what a lasting fault looks like.
 */
export function unsteadyBy(error: unknown): Steadiness {
  const detail = askText(error);
  const { cause } = askFailureOf(error);
  const barred = NOT_LET_IN.find((one) => one === cause);
  return { ok: false, leader: null, detail, ...(barred !== undefined && { cannotAsk: barred }) };
}

/**
 * A store's `waitSteady` from its `steady`: looks every 300 ms until it holds, the deadline has passed, every look for `refusedMs` was refused the
 * login, or the signal fires.
 * @param ownMs one look that hangs costs no more than this, or than the `lookMs` of a wait where that is longer
 */
export function waitSteadyBy(
  steady: StoreDriver['steady'],
  ownMs: number = LOOK_MS,
): StoreDriver['waitSteady'] {
  return async (target, { refusedMs = Infinity, lookMs = ownMs, ...bounds }): Promise<Steadiness> => {
    const seen: Steadiness[] = [];
    let letInMs = monoMs();
    const look = async (): Promise<Steadiness> => {
      const now = await steady(target, { ...bounds, deadlineMs: Math.max(ownMs, lookMs) });
      seen[0] = now;
      if (now.cannotAsk === undefined) letInMs = monoMs();
      return now;
    };
    const isDecided = ({ ok }: Steadiness): boolean => ok || monoMs() - letInMs >= refusedMs;
    try {
      const last = await lookUntil(look, isDecided, { ...bounds, intervalMs: LOOK_EVERY_MS });
      const seconds = Math.round((monoMs() - letInMs) / 1000);
      return last.cannotAsk === undefined
        ? last
        : { ...last, detail: `${last.detail} (at every look for ${seconds} s)` };
    } catch (error) {
      if (seen[0] !== undefined && bounds.signal?.aborted === true) return seen[0];
      throw error;
    }
  };
}
