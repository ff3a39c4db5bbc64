import type { NewObservation } from '../history.ts';
import { LOOK_EVERY_MS } from '../../reports/record/observations/telemetry.ts';
import { errorText } from '../../reports/record/error-text.ts';

export type Write = (seen: NewObservation) => void;

/** How arrivals are followed. Times in ms; `startMs` on the wall clock. */
export interface Following {
  write: Write;
  startMs: number;
  /** Deadline of one query. */
  deadlineMs: number;
  /** Longest wait for anything, from its own time. */
  patienceMs: number;
}

/** Looks whose begin and end are further apart than this, ms, do not tell when something came in between: they are meant to be a second apart. */
const MOST_APART_MS = 3 * LOOK_EVERY_MS;

/**
 * Whether a source answers. A stretch without answers is written once, with its beginning and end: nothing could be seen in it. So is one in
 * which the looks at a log were too far apart, since answering took long; of each trace it is known when it was asked for.
 */
export class SourceWatch {
  readonly #what: 'logs' | 'traces';
  readonly #write: Write;
  #lastMs = Date.now();
  /** When the last look began that was answered. */
  #beganMs = Date.now();
  #trouble: string | null = null;

  constructor(what: 'logs' | 'traces', write: Write) {
    this.#what = what;
    this.#write = write;
  }

  /** @returns whether it answered; @throws the reason of the signal */
  async look(signal: AbortSignal, question: () => Promise<void>): Promise<boolean> {
    const beganMs = Date.now();
    try {
      await question();
    } catch (error) {
      signal.throwIfAborted();
      this.#trouble ??= errorText(error);
      return false;
    }
    const now = Date.now();
    if (this.#trouble !== null) this.#gap({ fromMs: this.#lastMs, toMs: now, reason: this.#trouble });
    else if (this.#what === 'logs' && now - this.#beganMs > MOST_APART_MS)
      this.#gap({
        fromMs: this.#beganMs,
        toMs: now,
        reason: 'its answers took too long to tell when something came',
      });
    this.#trouble = null;
    this.#lastMs = now;
    this.#beganMs = beganMs;
    return true;
  }

  #gap(gap: { fromMs: number; toMs: number; reason: string }): void {
    this.#write({ kind: 'observation-gap', what: this.#what, ...gap });
  }

  /** Why it does not answer; null: it does. */
  get trouble(): string | null {
    return this.#trouble;
  }
}
