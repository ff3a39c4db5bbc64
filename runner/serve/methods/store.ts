import { openHistory } from '../../../probes/history.ts';
import { askText, askWord } from '../../../probes/asking.ts';
import { recordGoverning } from '../../../probes/store/store-driver.ts';
import type { Bounds, StoreTarget } from '../../../probes/store/store-driver.ts';
import { storeDriver } from '../../../probes/stores.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<
  Handlers,
  | 'store.describe'
  | 'store.servers'
  | 'store.steady'
  | 'store.governing'
  | 'store.refusesWrites'
  | 'store.onlyReads'
>;

/** How long a ready pod may take to accept a connection: a SYN that is lost is sent again after 1 s. */
const CONNECT_MS = 2000;

/** What a store says of itself. */
export function storeMethods(runner: ServedRunner): Methods {
  const { stores, runState } = runner;
  const settingsMs = timeoutMsOf(runState.environment, 'storeSettings');
  return {
    'store.describe': ({ store }, call) =>
      asked(runner, store, { deadlineMs: settingsMs, signal: call.signal }, (target, bounds) =>
        storeDriver(store).describe(target, bounds),
      ),
    'store.servers': ({ store }, call) =>
      asked(runner, store, { deadlineMs: settingsMs, signal: call.signal }, async (target, bounds) => {
        const driver = storeDriver(store);
        const servers = await driver.servers(target, bounds);
        return { servers, clusterWide: driver.clusterWideDurability === true };
      }),
    'store.steady': async ({ store, timeoutMs, refusedMs }, call) => {
      const bounds = { deadlineMs: timeoutMs, refusedMs, signal: call.signal };
      const seen = await stores.letIn(
        store,
        (target) => storeDriver(store).waitSteady(target, bounds),
        ({ cannotAsk }) => cannotAsk !== undefined,
      );
      if (seen.ok) stores.steadyOnce.add(store);
      return seen;
    },
    'store.governing': async ({ check, store, fault, trial, target, also }, call) => {
      const writer = openHistory(runner.runState.trialFolder(check, trial), 'governing.ndjson', {
        redact: runner.runState.redact,
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
    'store.refusesWrites': ({ store, host, port, timeoutMs }, call) =>
      asked(runner, store, { deadlineMs: timeoutMs, signal: call.signal }, (target, bounds) =>
        storeDriver(store).refusesWrites({ host, port }, target, bounds),
      ),
    'store.onlyReads': ({ store, host, port, timeoutMs }, call) =>
      asked(runner, store, { deadlineMs: timeoutMs, signal: call.signal }, async (target, bounds) => {
        const driver = storeDriver(store);
        const said = await driver.onlyReads?.({ host, port }, target, bounds);
        return said ?? { refused: null, detail: 'read only: whether it refuses a write was not tried' };
      }),
  };
}

/** Errors say whether the store is down or cannot be queried (probes/asking.ts): the reason is a word of `askWord`. */
async function asked<T>(
  { stores }: ServedRunner,
  store: string,
  bounds: Bounds,
  ask: (target: StoreTarget, bounds: Bounds) => Promise<T>,
): Promise<T> {
  try {
    const answer = await stores.letIn(store, (target) => ask(target, bounds));
    stores.answered.add(store);
    return answer;
  } catch (error) {
    bounds.signal?.throwIfAborted();
    const cause = stores.explained(store, error);
    const failure = await stores.failureOf(store, cause, { ...bounds, deadlineMs: CONNECT_MS });
    throw new RequestError(failure.instead ?? askText(cause), askWord(failure), { cause });
  }
}
