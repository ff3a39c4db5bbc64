import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from './clock.ts';
import { patient } from './patience.ts';
import { errorText } from '../reports/record/error-text.ts';

/** For how long, and how often. */
export type LookOptions = {
  /** On whatever machine; see `WaitOptions` for what a slow one is given. */
  readonly deadlineMs: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** What is awaited, for how long, and how often it is polled. */
export type WaitOptions = LookOptions & {
  /** Completes "waited 5 s for …" in the error: the object and where it is. */
  readonly what: string;
  /** What to run next when the deadline passes. */
  readonly next?: string;
  /** A slow machine is given more (patience.ts), unless this is `exact`: what a check measures must not depend on it. */
  readonly patience?: 'exact';
};

const INTERVAL_MS = 100;

/** A wait passed its deadline. The message says what was awaited, how long, and what was last seen. */
export class DeadlineError extends Error {
  constructor({ what, next }: WaitOptions, waitedMs: number, lastSeen: string) {
    const advice = next === undefined ? '' : `; next: ${next}`;
    super(`waited ${Math.round(waitedMs / 100) / 10} s for ${what}; last seen: ${lastSeen}${advice}`);
    this.name = 'DeadlineError';
  }
}

/**
 * Looks until what is seen is what is awaited, or the deadline has passed: at least once, and for the last time at the deadline. A look is handed
 * what is left until then, ms, at least 1. For things that cannot be watched, where the caller knows what to make of it that something did not come.
 * @returns what was seen last, whether it is what was awaited or not
 * @throws what `look` throws; the abort reason when the signal fires between two looks
 */
export async function lookUntil<T>(
  look: (leftMs: number) => Promise<T> | T,
  isAwaited: (seen: T) => boolean,
  { deadlineMs, intervalMs = INTERVAL_MS, signal }: LookOptions,
): Promise<T> {
  const end = monoMs() + deadlineMs;
  for (;;) {
    const seen = await look(Math.max(1, end - monoMs()));
    const left = end - monoMs();
    if (isAwaited(seen) || left <= 0) return seen;
    // Whole milliseconds: a timer cuts the rest off, and the deadline would be looked at before it.
    await pause(Math.ceil(Math.min(intervalMs, left)), signal);
  }
}

/** As `lookUntil`, until it sees something other than null; null: nothing came before the deadline. */
export function lookFor<T>(
  look: (leftMs: number) => Promise<T | null> | T | null,
  options: LookOptions,
): Promise<T | null> {
  return lookUntil<T | null>(look, (seen) => seen !== null, options);
}

/**
 * Looks until `look` returns something other than null. A `look` that throws counts as "not yet", and its message is
 * reported as last seen. For things that cannot be watched (sockets that do not exist yet, processes of others).
 * @throws DeadlineError after the deadline, which a slow machine has later (patience.ts); the abort reason when the signal fires.
 */
export async function waitFor<T>(look: () => Promise<T | null> | T | null, options: WaitOptions): Promise<T> {
  const deadlineMs = options.patience === 'exact' ? options.deadlineMs : patient(options.deadlineMs);
  let lastSeen = 'nothing';
  const found = await lookFor(
    async () => {
      options.signal?.throwIfAborted();
      try {
        return await look();
      } catch (error) {
        lastSeen = errorText(error).slice(0, 500);
        return null;
      }
    },
    { ...options, deadlineMs },
  );
  if (found === null) throw new DeadlineError(options, deadlineMs, lastSeen);
  return found;
}

/**
 * Retries until an attempt succeeds. Each attempt receives the time left until the deadline in ms, at least 1.
 * @throws the last attempt's error: when that error is final, when the signal has fired, or when no time is left for another attempt
 */
export async function retry<T>(
  attempt: (leftMs: number) => Promise<T>,
  options: LookOptions & { readonly isFinal?: (error: unknown) => boolean },
): Promise<T> {
  const { deadlineMs, intervalMs = INTERVAL_MS, signal, isFinal = () => false } = options;
  const end = monoMs() + deadlineMs;
  for (;;) {
    try {
      return await attempt(Math.max(1, end - monoMs()));
    } catch (error) {
      if (isFinal(error) || signal?.aborted === true || monoMs() + intervalMs >= end) throw error;
      await pause(intervalMs, signal);
    }
  }
}

/** Does something at fixed instants until the signal fires, leaving out those that were missed. @throws what `act` throws */
export async function repeat(
  everyMs: number,
  signal: AbortSignal,
  act: () => Promise<void> | void,
): Promise<void> {
  for (let next = monoMs(); !signal.aborted; next = Math.max(next + everyMs, monoMs())) {
    await act();
    await sleep(Math.max(1, next + everyMs - monoMs()), undefined, { signal }).catch(() => undefined);
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) await sleep(ms);
  else await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
