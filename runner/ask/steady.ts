import { NOT_LET_IN } from '../../reports/record/observations/failover.ts';
import { askText } from '../../probes/asking.ts';
import { storeDriver, STORES } from '../../probes/stores.ts';
import type { Bounds, Steadiness } from '../../probes/store/store-driver.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';

export interface SteadyAgain {
  /** No store that was steady in this run was disturbed by it, as far as was seen. */
  ok: boolean;
  detail: string;
  /** Stores of which it is not known whether they were disturbed, and why. */
  unseen: string[];
}

/** `apart`: it is not as it should be, but was not in this run before, or could not be queried in it: its own checks report it. */
type Standing = 'steady' | 'disturbed' | 'unknown' | 'apart';

/**
 * Measures the steady state of every declared store again, after everything was undone. Only one that was steady at some look of this run can have
 * been disturbed by it. Of one that refuses the login by now, or was not looked at before, or could not be asked when it first was, it is unknown.
 */
export async function steadyAgain(runner: RunnerCore): Promise<SteadyAgain> {
  const { environment } = runner.runState;
  const declared = Object.keys(environment.stores).filter((store) => STORES.includes(store));
  const details: string[] = [];
  const unseen: string[] = [];
  let ok = true;
  for (const store of declared) {
    const bounds = { deadlineMs: timeoutMsOf(environment, 'settle'), signal: runner.parts.signal };
    const { standing, detail } = await looked(runner, store, bounds);
    ok &&= standing !== 'disturbed';
    if (standing === 'unknown') unseen.push(`whether ${store} is steady as before: ${detail}`);
    details.push(`${store}: ${detail}`);
  }
  return { ok, detail: details.join('; '), unseen };
}

async function looked(
  runner: RunnerCore,
  store: string,
  bounds: Bounds,
): Promise<{ standing: Standing; detail: string }> {
  const { stores } = runner;
  const isKnown = stores.answered.has(store);
  try {
    const { ok, cannotAsk, detail } = await waited(runner, store, bounds);
    if (ok) return { standing: 'steady', detail };
    if (cannotAsk !== undefined)
      return { standing: isKnown ? 'unknown' : 'apart', detail: `cannot be asked (${cannotAsk}): ${detail}` };
    await storeDriver(store).describe(await stores.target(store), bounds);
    return { standing: standingOf(runner, store), detail };
  } catch (error) {
    bounds.signal?.throwIfAborted();
    const { kind, cause } = await stores.failureOf(store, error, bounds);
    const said = askText(stores.explained(store, error));
    if (kind === 'down') return { standing: standingOf(runner, store), detail: said };
    const detail = `cannot be asked (${cause}): ${said}`;
    if (!isKnown) return { standing: 'apart', detail };
    const isRefused = NOT_LET_IN.some((one) => one === cause);
    return { standing: isRefused ? 'unknown' : standingOf(runner, store), detail };
  }
}

/** Of a store that is not steady. */
function standingOf({ stores }: RunnerCore, store: string): Standing {
  if (stores.steadyOnce.has(store)) return 'disturbed';
  return stores.firstLook.get(store) === 'unsteady' ? 'apart' : 'unknown';
}

/** A look may take as long as one of a snapshot, by which a store was called steady. */
async function waited(runner: RunnerCore, store: string, bounds: Bounds): Promise<Steadiness> {
  const { stores } = runner;
  const { environment } = runner.runState;
  const lookMs = timeoutMsOf(environment, 'storeOperation');
  const wait = (refusedMs: number | undefined): Promise<Steadiness> =>
    stores.letIn(
      store,
      (target) => storeDriver(store).waitSteady(target, { ...bounds, lookMs, refusedMs }),
      ({ cannotAsk }) => cannotAsk !== undefined,
    );
  const seen = await wait(timeoutMsOf(environment, 'loginRefused'));
  // One that let this run in earlier may do so again once it has loaded its accounts.
  return seen.cannotAsk !== undefined && stores.answered.has(store) ? wait(undefined) : seen;
}
