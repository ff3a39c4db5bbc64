/** Runs a load in its own process: its CPU use must not delay the harness, and a crash must not end it. */
import { fileURLToPath } from 'node:url';
import { lastError, startChild } from '../../probes/child.ts';
import type { Child } from '../../probes/child.ts';
import type { LoadSecond, Renewals } from '../engines/engine.ts';
import type { RecordedLoad } from './record.ts';

export { ENOUGH } from '../engines/engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * A request leaves only short-lived garbage. With Node's default of 16 MiB it accumulates over the first millions of requests: that looks like a
 * leak, and makes nothing faster (`npm run bench -- load memory`).
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=1'];

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

export interface LoadProcess extends Omit<Child, 'tell'> {
  /** Resolves when the engine has its script. Rejects with the process's error if the process ends before that. */
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
    nodeOptions: NODE_OPTIONS,
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
