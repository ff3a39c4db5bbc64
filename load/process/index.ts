/** A load in a process of its own: what it costs must not make anything else late, and its end must end nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lastError, startChild } from '../../probes/child.ts';
import type { Child, ChildEnd } from '../../probes/child.ts';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import type { LoadEngine } from '../engines/engine.ts';
import { recordLoad } from './record.ts';
import type { RecordedLoad } from './record.ts';
import { errorText } from '../../reports/record/error-text.ts';

export { ENOUGH } from '../engines/engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

/** What the process is told on its first line. */
export interface LoadOrder extends Omit<RecordedLoad, 'engine'> {
  engine: 'k6' | 'embedded';
  /** From the order to end until it is killed, ms. */
  graceMs: number;
}

/** What it says of itself, a line each. */
export type LoadMessage = { started: true } | { second: LoadSecond } | { log: string };

export interface LoadProcess extends Omit<Child, 'pid'> {
  /** null: it runs in this process. */
  readonly pid: number | null;
  /** The engine has been started. Rejects when the process ended before, with what it said. */
  readonly ready: Promise<void>;
}

export interface LoadProcessOptions {
  onSecond?: (second: LoadSecond) => void;
  onLog?: (text: string) => void;
  /** Ends the load gracefully when it fires. */
  signal?: AbortSignal | undefined;
}

/** Starts it. It ends by itself when the script is over, and gracefully when it is stopped: its result is written either way. */
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
  void child.ended.then((end) =>
    ready.reject(new Error(`the load ended (${end.code ?? end.signal}): ${lastError(end)}`)),
  );
  return { ...child, ready: ready.promise };
}

/**
 * Runs a load in this process: one whose work is done elsewhere, so that it costs little here, and that must be able to reach what records
 * its objects. Otherwise as `startLoad`; `stop` leaves it to itself after the deadline.
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
    (): ChildEnd => ({ code: 0, signal: null, error: '' }),
    (error: unknown): ChildEnd => {
      ready.reject(error);
      return { code: 1, signal: null, error: errorText(error) };
    },
  );
  return {
    ...{ pid: null, ended, ready: ready.promise },
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
