import type { NewObservation } from '../history.ts';
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

/** Whether a source answers. A stretch without answers is written once, with its beginning and end: nothing could be seen in it. */
export class SourceWatch {
  readonly #what: 'logs' | 'traces';
  readonly #write: Write;
  #lastMs = Date.now();
  #trouble: string | null = null;

  constructor(what: 'logs' | 'traces', write: Write) {
    this.#what = what;
    this.#write = write;
  }

  /** @returns whether it answered; @throws the reason of the signal */
  async look(signal: AbortSignal, question: () => Promise<void>): Promise<boolean> {
    try {
      await question();
    } catch (error) {
      signal.throwIfAborted();
      this.#trouble ??= errorText(error);
      return false;
    }
    const now = Date.now();
    if (this.#trouble !== null)
      this.#write({
        kind: 'observation-gap',
        what: this.#what,
        fromMs: this.#lastMs,
        toMs: now,
        reason: this.#trouble,
      });
    this.#trouble = null;
    this.#lastMs = now;
    return true;
  }

  /** Why it does not answer; null: it does. */
  get trouble(): string | null {
    return this.#trouble;
  }
}
