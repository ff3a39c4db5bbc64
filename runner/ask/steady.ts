import { askText } from '../../probes/asking.ts';
import { storeDriver, STORES } from '../../probes/stores.ts';
import type { Bounds } from '../../probes/store/store-driver.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';

/**
 * Measures the steady state of every declared store again, after everything was undone. A store that could not be queried during the whole
 * run is named, but not counted as disturbed: its own checks report it.
 */
export async function steadyAgain(runner: RunnerCore): Promise<{ ok: boolean; detail: string }> {
  const { environment } = runner.runState;
  const declared = Object.keys(environment.stores).filter((store) => STORES.includes(store));
  const details: string[] = [];
  let ok = true;
  for (const store of declared) {
    const bounds = { deadlineMs: timeoutMsOf(environment, 'settle'), signal: runner.parts.signal };
    const seen = await looked(runner, store, bounds);
    ok &&= seen.ok || seen.unasked;
    details.push(`${store}: ${seen.detail}`);
  }
  return { ok, detail: details.join('; ') };
}

async function looked(
  { stores, runState: { environment } }: RunnerCore,
  store: string,
  bounds: Bounds,
): Promise<{ ok: boolean; unasked: boolean; detail: string }> {
  try {
    const target = await stores.target(store);
    // One that answered earlier in this run may have been broken by it.
    const refusedMs = stores.answered.has(store) ? undefined : timeoutMsOf(environment, 'loginRefused');
    const { ok, detail } = await storeDriver(store).waitSteady(target, { ...bounds, refusedMs });
    if (ok) return { ok, unasked: false, detail };
    await storeDriver(store).describe(target, bounds);
    return { ok, unasked: false, detail };
  } catch (error) {
    bounds.signal?.throwIfAborted();
    const { kind, cause } = await stores.failureOf(store, error, bounds);
    const said = askText(stores.explained(store, error));
    const unasked = kind === 'cannot-ask' && !stores.answered.has(store);
    return { ok: false, unasked, detail: kind === 'down' ? said : `cannot be asked (${cause}): ${said}` };
  }
}
