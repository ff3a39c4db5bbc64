/** Runs a load in its own process: its CPU use must not delay the harness, and a crash must not end it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lastError, startChild } from '../../probes/child.ts';
import type { Child, ChildEnd } from '../../probes/child.ts';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import type { LoadEngine, Renewals } from '../engines/engine.ts';
import { recordLoad } from './record.ts';
import type { RecordedLoad } from './record.ts';
import { errorText } from '../../reports/record/error-text.ts';

export { ENOUGH } from '../engines/engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The first line that the process reads. */
export interface LoadOrder extends Omit<RecordedLoad, 'engine'> {
  engine: 'k6' | 'embedded';
  /** From the request to stop until the process is killed, ms. */
  graceMs: number;
}

/** A further line that the process reads: variables of the script that have changed. */
export interface LoadRenewal {
  variables: Record<string, string>;
}

/** The messages that the process writes, one a line. */
export type LoadMessage = { started: true } | { second: LoadSecond } | { log: string };

export interface LoadProcess extends Omit<Child, 'pid' | 'tell'> {
  /** null: the load runs in this process. */
  readonly pid: number | null;
  /**
   * Resolves when the load begins, or when its engine has ended without that and its record says why. Rejects with the process's error if the
   * process ends before that.
   */
  readonly ready: Promise<void>;
}

export interface LoadProcessOptions {
  onSecond?: (second: LoadSecond) => void;
  onLog?: (text: string) => void;
  /** Ends the load gracefully when it fires. */
  signal?: AbortSignal | undefined;
  /** Variables that change while the load runs; their values are secret. */
  renewals?: Renewals | undefined;
}

/** Starts the process. It ends when the script is over, or gracefully when stopped; its result is written in both cases. */
export function startLoad(order: LoadOrder, options: LoadProcessOptions = {}): LoadProcess {
  const ready = Promise.withResolvers<undefined>();
  ready.promise.catch(() => undefined);
  const child = startChild(ENTRY, order, {
    signal: options.signal,
    onMessage: (said) => {
      const message = said as LoadMessage;
      if ('started' in message) ready.resolve(undefined);
      else if ('second' in message) options.onSecond?.(message.second);
      else options.onLog?.(message.log);
    },
  });
  options.renewals?.((variables) => child.tell({ variables: { ...variables } } satisfies LoadRenewal));
  void child.ended.then((end) =>
    ready.reject(new Error(`the load ended (${end.code ?? end.signal}): ${lastError(end)}`)),
  );
  return { ...child, ready: ready.promise };
}

/**
 * Runs a load in this process. It is meant for an engine that works elsewhere (pods), so that it needs little CPU here, and that needs
 * this process's record of its objects. Otherwise like `startLoad`, except that after the deadline `stop` does not kill the load.
 */
export function startLoadHere(
  { engine, ...order }: Omit<RecordedLoad, 'engine'> & { engine: LoadEngine },
  options: LoadProcessOptions = {},
): LoadProcess {
  const ready = Promise.withResolvers<undefined>();
  ready.promise.catch(() => undefined);
  const stop = new AbortController();
  if (options.signal?.aborted === true) stop.abort();
  else options.signal?.addEventListener('abort', () => stop.abort(), { once: true });
  const listener = {
    started: () => ready.resolve(undefined),
    second: (second: LoadSecond) => options.onSecond?.(second),
    log: (_level: string, text: string) => options.onLog?.(text),
  };
  const ended = recordLoad({ engine, ...order }, listener, stop.signal).then(
    (): ChildEnd => {
      ready.resolve(undefined);
      return { code: 0, signal: null, error: '' };
    },
    (error: unknown): ChildEnd => {
      ready.reject(error);
      return { code: 1, signal: null, error: errorText(error) };
    },
  );
  return {
    pid: null,
    ended,
    ready: ready.promise,
    stop: async (deadlineMs, last) => {
      stop.abort(last);
      const late = new AbortController();
      await Promise.race([
        ended,
        sleep(deadlineMs, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
    },
  };
}
