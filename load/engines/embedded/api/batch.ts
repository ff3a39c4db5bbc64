import { targetOf } from '../http/target.ts';
import type { RequestArguments } from './arguments.ts';
import type { Response } from './response.ts';
import type { Vu } from './vu.ts';

type Send = (request: RequestArguments) => Promise<Response>;

/**
 * Requests beside each other: at most `batch` at a time, and `batchPerHost` to one host (0: no limit). The answers have the places
 * (or the names) of the requests.
 */
export async function runBatch(vu: Vu, requests: unknown, send: Send): Promise<unknown> {
  if (typeof requests !== 'object' || requests === null)
    throw new TypeError('http.batch: expected an array or an object of requests');
  const names = Object.keys(requests);
  const all = Object.values(requests).map((one: unknown) => argumentsOf(one));
  const answers = await new Batch(vu, all, send).run();
  if (Array.isArray(requests)) return answers;
  return Object.fromEntries(names.map((name, index) => [name, answers[index]]));
}

function argumentsOf(given: unknown): RequestArguments {
  if (Array.isArray(given)) {
    const [method, url, body, params] = given as unknown[];
    // `['http://…']` is a GET, as in k6.
    if (given.length === 1) return { method: 'GET', url: method, body: null, params: null };
    return { method: String(method).toUpperCase(), url, body, params };
  }
  if (typeof given === 'object' && given !== null && 'url' in given) {
    const {
      method = 'GET',
      url,
      body,
      params,
    } = given as { method?: unknown; url: unknown; body?: unknown; params?: unknown };
    if ('name' in given) return { method: 'GET', url: given, body: null, params: null };
    return { method: String(method).toUpperCase(), url, body, params };
  }
  return { method: 'GET', url: given, body: null, params: null };
}

class Batch {
  readonly #requests: readonly RequestArguments[];
  readonly #send: Send;
  readonly #limit: number;
  readonly #perHost: number;
  readonly #answers: Response[] = [];
  readonly #waiting: number[];
  readonly #busy = new Map<string, number>();
  #running = 0;
  #settle!: { resolve: (answers: Response[]) => void; reject: (error: unknown) => void };

  constructor(vu: Vu, requests: readonly RequestArguments[], send: Send) {
    const { batch, batchPerHost } = vu.thread.options;
    this.#requests = requests;
    this.#send = send;
    this.#limit = batch;
    this.#perHost = batchPerHost === 0 ? Infinity : batchPerHost;
    this.#waiting = requests.map((_, index) => index);
  }

  run(): Promise<Response[]> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0 && this.#running === 0) {
      this.#settle.resolve(this.#answers);
      return;
    }
    while (this.#running < this.#limit) {
      const at = this.#waiting.findIndex(
        (index) => (this.#busy.get(this.#hostOf(index)) ?? 0) < this.#perHost,
      );
      const [index] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (index === undefined) return;
      this.#start(index);
    }
  }

  #hostOf(index: number): string {
    try {
      return targetOf(String(this.#requests[index]?.url)).host;
    } catch {
      return '';
    }
  }

  #start(index: number): void {
    const request = this.#requests[index];
    if (request === undefined) return;
    const host = this.#hostOf(index);
    this.#running++;
    this.#busy.set(host, (this.#busy.get(host) ?? 0) + 1);
    // What the arguments throw rejects, like the request itself.
    new Promise<Response>((resolve) => {
      resolve(this.#send(request));
    }).then(
      (response) => {
        this.#answers[index] = response;
        this.#running--;
        this.#busy.set(host, (this.#busy.get(host) ?? 1) - 1);
        this.#next();
      },
      (error: unknown) => this.#settle.reject(error),
    );
  }
}
