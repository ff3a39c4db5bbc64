/** A load in a process of its own: what it costs must not make anything else late, and its end must end nothing else. */
import { fileURLToPath } from 'node:url';
import { lastError, startChild } from '../../probes/child.ts';
import type { Child } from '../../probes/child.ts';
import type { LoadSecond } from '../../reports/record/load-result.ts';
import type { LoadRequest } from '../engines/engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

/** What the process is told on its first line. */
export interface LoadOrder {
  request: LoadRequest;
  engine: 'auto' | 'k6' | 'embedded';
  /** Folder of the trial; it writes `load.ndjson` there. */
  history: string;
}

/** What it says of itself, a line each. */
export type LoadMessage = { started: true } | { second: LoadSecond } | { log: string };

/** The last line to a load whose check has seen enough: that is no interruption. */
export const ENOUGH = 'enough';

export interface LoadProcess extends Child {
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
