import { ERROR_CODES, RequestError } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** Longest delay of a timer of Node, ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The deadlines of all requests, with one timer set for the earliest. Requests usually end long before their deadline, so
 * adding and removing must be cheap: they are a linked list that is searched only when the timer fires.
 */
export class Deadlines {
  #first: Exchange | null = null;
  #timer: NodeJS.Timeout | null = null;
  #firesAtMs = Infinity;

  add(exchange: Exchange): void {
    exchange.after = this.#first;
    if (this.#first !== null) this.#first.before = exchange;
    this.#first = exchange;
    if (exchange.deadlineMs < this.#firesAtMs) this.#arm(exchange.deadlineMs);
  }

  remove(exchange: Exchange): void {
    const { before, after } = exchange;
    if (before !== null) before.after = after;
    else if (this.#first === exchange) this.#first = after;
    if (after !== null) after.before = before;
    exchange.before = null;
    exchange.after = null;
  }

  #arm(atMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#firesAtMs = atMs;
    if (atMs === Infinity) return;
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(atMs - performance.now())));
    this.#timer = setTimeout(() => this.#fire(), delay);
    // The sockets keep the process alive; this timer must not.
    this.#timer.unref();
  }

  #fire(): void {
    const now = performance.now();
    const late: Exchange[] = [];
    let next = Infinity;
    for (let one = this.#first; one !== null; one = one.after) {
      if (one.deadlineMs <= now) late.push(one);
      else if (one.deadlineMs < next) next = one.deadlineMs;
    }
    this.#arm(next);
    for (const one of late) one.carrier?.give(new RequestError(ERROR_CODES.timeout, 'request timeout'));
  }
}
