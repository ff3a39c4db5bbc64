/**
 * How many connections a client load may be opening at once. Pools of applications fill one by one, or by a few. Without a limit each operation
 * that missed its deadline opens one more, and where a login costs ten times a write (TLS, SCRAM, a process of the server) a small machine
 * never gets over it: a PostgreSQL that its clients asked for 50 writes a second did not fail over in 200 s (measured 2026-11-29).
 */
const MOST_OPENING = 4;

/** A place is held at most this long, ms, or twice as long as connecting took lately: a server that says nothing must not hold others back. */
const LEAST_HOLD_MS = 20;

/** How one came in: at once, after a wait, without a place since a connection is there for it, or not at all. */
export type Entry = 'at once' | 'waited' | 'offered' | 'in vain';

/** Lets so many in at once, the others in the order in which they came. */
export class Gate {
  readonly #waiting: ((entry: Entry) => void)[] = [];
  #free: number;
  readonly #mostHoldMs: number;
  #usualMs: number | null = null;

  /** @param mostHoldMs less than anybody waits: those behind servers that say nothing must have their turn */
  constructor(mostHoldMs = Infinity, most = MOST_OPENING) {
    this.#mostHoldMs = mostHoldMs;
    this.#free = most;
  }

  /** Waits at most so long. Each that has a place has to leave. */
  async enter(timeoutMs: number): Promise<Entry> {
    if (this.#free > 0) {
      this.#free--;
      return 'at once';
    }
    return await new Promise<Entry>((resolve) => {
      const go = (entry: Entry): void => {
        clearTimeout(timer);
        resolve(entry);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        go('in vain');
      }, timeoutMs);
      this.#waiting.push(go);
    });
  }

  /** How long a place may be held, ms. */
  get holdMs(): number {
    return Math.min(this.#mostHoldMs, Math.max(LEAST_HOLD_MS, 2 * (this.#usualMs ?? 0)));
  }

  /** A server has taken so long to let in, or to refuse. */
  took(ms: number): void {
    this.#usualMs = this.#usualMs === null ? ms : (this.#usualMs + ms) / 2;
  }

  /** Lets the first that waits go on without a place. @returns whether anybody waited */
  offer(): boolean {
    const next = this.#waiting.shift();
    next?.('offered');
    return next !== undefined;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next('waited');
  }
}
