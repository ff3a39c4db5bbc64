import { retry } from '../../../host/wait.ts';
import type { StoreQuery } from '../../../probes/store/store-driver.ts';
import { storeDriver } from '../../../probes/stores.ts';
import type { ServedRunner } from '../served.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { Handlers } from '../handlers.ts';
import { errorText } from '../../../reports/record/error-text.ts';

const ASK_AGAIN_MS = 200;

/** Queries to a store whose answers must survive a failover. */
export function queryMethods({
  stores,
  runState,
}: ServedRunner): Pick<Handlers, 'query.prepare' | 'query.ask' | 'query.remove'> {
  const operationMs = timeoutMsOf(runState.environment, 'storeOperation');
  return {
    'query.prepare': async ({ store, timeoutMs }, call) =>
      queryOf(store).prepare(await stores.target(store), { deadlineMs: timeoutMs, signal: call.signal }),
    'query.ask': async ({ store, of, timeoutMs }, call) => {
      const query = queryOf(store);
      const target = await stores.target(store);
      const { signal } = call;
      const ask = (leftMs: number): ReturnType<typeof query.ask> =>
        query.ask(target, of, { deadlineMs: Math.min(operationMs, leftMs), signal });
      try {
        const answers = await retry(ask, { deadlineMs: timeoutMs, intervalMs: ASK_AGAIN_MS, signal });
        return { answers, detail: '' };
      } catch (error) {
        signal.throwIfAborted();
        return { answers: null, detail: errorText(error) };
      }
    },
    'query.remove': async ({ store }, call) => {
      try {
        await queryOf(store).remove?.(await stores.target(store), {
          deadlineMs: operationMs,
          signal: call.signal,
        });
      } catch {
        // What stays is Plumbline's own, and the next check makes it again.
      }
      return null;
    },
  };
}

function queryOf(store: string): StoreQuery {
  const { query } = storeDriver(store);
  if (query === undefined) throw new RequestError(`no queries are built for ${store}`, 'refused');
  return query;
}
