import { openHistory } from '../../probes/history.ts';
import { recordGoverning } from '../../probes/store-driver.ts';
import { storeDriver } from '../../probes/stores.ts';
import { timeoutMsOf } from '../environment-parts.ts';
import type { Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

type Methods = Pick<Handlers, 'store.describe' | 'store.steady' | 'store.governing' | 'store.refusesWrites'>;

/** What a store says of itself. */
export function storeMethods(engine: ServedEngine): Methods {
  const { stores, book } = engine;
  const settingsMs = timeoutMsOf(book.environment, 'storeSettings');
  return {
    'store.describe': async ({ store }, call) =>
      storeDriver(store).describe(await stores.target(store), {
        deadlineMs: settingsMs,
        signal: call.signal,
      }),
    'store.steady': async ({ store, timeoutMs }, call) =>
      storeDriver(store).waitSteady(await stores.target(store), {
        deadlineMs: timeoutMs,
        signal: call.signal,
      }),
    'store.governing': async ({ check, store, fault, trial, target, also }, call) => {
      const writer = openHistory(engine.book.trialFolder(check, trial), 'governing.ndjson', {
        redact: engine.book.redact,
      });
      try {
        const request = {
          fault,
          target: target ?? 'leader',
          also: also ?? stores.declared(store).partition.also,
          write: (seen: Parameters<typeof writer.observe>[0]) => writer.observe(seen),
        };
        const bounds = { deadlineMs: settingsMs, signal: call.signal };
        await recordGoverning(storeDriver(store), await stores.target(store), request, bounds);
      } finally {
        await writer.close();
      }
      return null;
    },
    'store.refusesWrites': async ({ store, host, port, timeoutMs }, call) =>
      storeDriver(store).refusesWrites({ host, port }, await stores.target(store), {
        deadlineMs: timeoutMs,
        signal: call.signal,
      }),
  };
}
