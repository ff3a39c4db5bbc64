import { fileURLToPath } from 'node:url';
import { lastError, startChild } from '../child.ts';
import type { Child, ChildEnd } from '../child.ts';
import { EXIT } from './config.ts';
import type { ClientLoadInput } from './config.ts';
import type { ClientLoadProgress } from './engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface ClientLoadProcess extends Child {
  /** Writing has begun. Rejects when the process ended before, with what it said. */
  readonly ready: Promise<void>;
  /** The last progress it reported, every 250 ms. */
  progress(): ClientLoadProgress | null;
}

export interface ClientLoadProcessOptions {
  onProgress?: ((progress: ClientLoadProgress) => void) | undefined;
  /** Gets each secret that the process is given while it works, such as a token. */
  onSecret?: ((secret: string) => void) | undefined;
  /** Ends the client load gracefully when it fires. */
  signal?: AbortSignal | undefined;
}

/**
 * V8 stops everything to clear its space for new objects, and copies what is still in use there; with a hundred operations waiting for a
 * store that is gone, all of it is. A space of 64 MB took 8 to 17 ms, at an outage's edges, where lateness counts; of 2 MB, below 4 ms
 * (measured, two cores, Elasticsearch's client). What is copied twice moves to the old space: with room for 512 MB there, no trial of some
 * minutes comes to a whole collection, which takes 3 to 16 ms.
 */
const V8_OPTIONS = ['--max-semi-space-size=2', '--initial-old-space-size=512'];

/** Starts the client load as a process of its own. Stopped after the deadline, its history is without `client-load-end`. */
export function startClientLoad(
  config: ClientLoadInput,
  options: ClientLoadProcessOptions = {},
): ClientLoadProcess {
  let progress: ClientLoadProgress | null = null;
  const ready = Promise.withResolvers<undefined>();
  ready.promise.catch(() => undefined);
  const child = startChild(ENTRY, config, {
    nodeOptions: V8_OPTIONS,
    signal: options.signal,
    onMessage: (said) => {
      const message = said as { ready?: true; progress?: ClientLoadProgress; secret?: string };
      if (message.ready === true) ready.resolve(undefined);
      if (message.secret !== undefined) options.onSecret?.(message.secret);
      if (message.progress === undefined) return;
      progress = message.progress;
      options.onProgress?.(progress);
    },
  });
  void child.ended.then((end) => ready.reject(unreadyError(end)));
  return { ...child, ready: ready.promise, progress: () => progress };
}

/** `unreachable`: not one operation got through, and `said` says why; `crash`: the process itself failed. */
export class ClientLoadError extends Error {
  readonly reason: 'unreachable' | 'crash';
  /** What the process said. */
  readonly said: string;
  constructor({ code, signal }: Pick<ChildEnd, 'code' | 'signal'>, said: string) {
    super(`client load ended (${code ?? signal}): ${said}`);
    this.name = 'ClientLoadError';
    this.reason = code === EXIT.unreachable ? 'unreachable' : 'crash';
    this.said = said;
  }
}

const unreadyError = (end: ChildEnd): ClientLoadError => new ClientLoadError(end, lastError(end));
