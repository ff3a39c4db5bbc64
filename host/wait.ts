import { setTimeout as sleep } from 'node:timers/promises';
import { patient } from './patience.ts';
import { errorText } from '../reports/record/error-text.ts';

/** What is awaited, for how long, and how often it is polled. */
export type WaitOptions = {
  /** Completes "waited 5 s for …" in the error: the object and where it is. */
  readonly what: string;
  /** Multiplied by `PLUMBLINE_PATIENCE` on a slow machine (patience.ts). */
  readonly deadlineMs: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** What to run next when the deadline passes. */
  readonly next?: string;
};

/** A wait passed its deadline. The message says what was awaited, how long, and what was last seen. */
export class DeadlineError extends Error {
  constructor(options: WaitOptions, lastSeen: string) {
    const next = options.next === undefined ? '' : `; next: ${options.next}`;
    super(
      `waited ${Math.round(patient(options.deadlineMs) / 100) / 10} s for ${options.what}; last seen: ${lastSeen}${next}`,
    );
    this.name = 'DeadlineError';
  }
}

/**
 * Calls `look` until it returns something other than null. A `look` that throws counts as "not yet", and its message is
 * reported as last seen. For things that cannot be watched (a socket that does not exist yet, a process that is not our child).
 * @throws DeadlineError after the deadline; the abort reason when the signal fires.
 */
export async function waitFor<T>(look: () => Promise<T | null> | T | null, options: WaitOptions): Promise<T> {
  const end = performance.now() + patient(options.deadlineMs);
  let lastSeen = 'nothing';
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== null) return seen;
    } catch (error) {
      lastSeen = errorText(error).slice(0, 500);
    }
    if (performance.now() >= end) throw new DeadlineError(options, lastSeen);
    await sleep(
      options.intervalMs ?? 100,
      undefined,
      options.signal === undefined ? {} : { signal: options.signal },
    );
  }
}
