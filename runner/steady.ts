import { storeDriver, STORES } from '../probes/stores.ts';
import type { EngineCore } from './engine-parts.ts';
import { timeoutMsOf } from './environment-parts.ts';

/** Measures the steady state of every declared store again, after everything was undone. */
export async function steadyAgain(engine: EngineCore): Promise<{ ok: boolean; detail: string }> {
  const { environment } = engine.book;
  const declared = Object.keys(environment.stores).filter((store) => STORES.includes(store));
  const details: string[] = [];
  let ok = true;
  for (const store of declared) {
    const bounds = { deadlineMs: timeoutMsOf(environment, 'settle'), signal: engine.parts.signal };
    const seen = await storeDriver(store).waitSteady(await engine.stores.target(store), bounds);
    ok &&= seen.ok;
    details.push(`${store}: ${seen.detail}`);
  }
  return { ok, detail: details.join('; ') };
}
