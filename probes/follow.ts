/** What the observers of all stores share: looking at fixed instants, and following a Service's endpoints. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from './clock.ts';
import type { ObserveOptions, Observer } from './store-driver.ts';

/** How often a store is looked at, ms; the polling error of its phases. */
const DEFAULT_POLL_MS = 100;
/** The endpoints come from a cache in this process. */
const ENDPOINTS_POLL_MS = 20;
const DEFAULT_ENDPOINTS_AGE_MS = 100;

/** A store's own part of an observer. */
export interface Follower {
  /** One look. Must not reject: what cannot be seen is written as `observer-blind`. */
  look(): Promise<void>;
  /** Called once at the end, after the last look: writes the last known leader with `final: true`. */
  final(): void;
  /** Closes what it holds open. */
  close?(): void;
}

/** Looks every `pollMs` and follows the endpoints until it is stopped. `make` gets the signal that ends its questions. */
export function startFollowing(
  options: ObserveOptions,
  make: (signal: AbortSignal, pollMs: number) => Follower,
): Observer {
  const ending = new AbortController();
  const signal =
    options.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, options.signal]);
  const pollMs = options.pollMs ?? DEFAULT_POLL_MS;
  const follower = make(signal, pollMs);
  const lookAtEndpoints = endpointFollower(options);
  const loops = [
    repeat(pollMs, signal, () => follower.look()),
    repeat(ENDPOINTS_POLL_MS, signal, () => {
      lookAtEndpoints();
      return Promise.resolve();
    }),
  ];
  return {
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
      follower.final();
      follower.close?.();
    },
  };
}

/** At fixed instants, leaving out those that were missed. */
async function repeat(everyMs: number, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  for (let next = monoMs(); !signal.aborted; next = Math.max(next + everyMs, monoMs())) {
    await look();
    await sleep(Math.max(1, next + everyMs - monoMs()), undefined, { signal }).catch(() => undefined);
  }
}

function endpointFollower(options: ObserveOptions): () => void {
  let last: string | undefined;
  const pollMs = ENDPOINTS_POLL_MS + (options.endpointsAgeMs ?? DEFAULT_ENDPOINTS_AGE_MS);
  return () => {
    const addresses = options.endpoints?.();
    if (addresses === undefined) return;
    const sorted = [...addresses].sort();
    const key = sorted.join(' ');
    if (key === last) return;
    last = key;
    options.write({ kind: 'endpoint', addresses: sorted, pollMs, source: 'cluster cache' });
  };
}

/** ms since the last look that succeeded, at least the polling interval, rounded up: what is seen now happened within it. */
export function pollErrorMs(lastMs: number | null, pollMs: number): number {
  return lastMs === null ? pollMs : Math.max(pollMs, Math.ceil(monoMs() - lastMs));
}
