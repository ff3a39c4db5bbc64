import { InvalidRequest, NamedUrl } from '../arguments.ts';
import type { RequestArguments } from '../arguments.ts';
import type { Prepared } from './request.ts';
import type { Response } from './response.ts';
import type { Vu } from '../vu.ts';

/** What a batch needs from `HttpApi`. */
interface Sender {
  /** @throws InvalidRequest */
  prepare(request: RequestArguments): Prepared;
  send(prepared: Prepared): Promise<Response>;
  none(error: InvalidRequest | null): Response;
}

/**
 * Sends requests in parallel: at most `batch` at a time, and at most `batchPerHost` to one host (0: no limit). Responses have the same
 * indexes or names as the requests. If one request is invalid, none is sent.
 */
export async function runBatch(vu: Vu, given: readonly unknown[], sender: Sender): Promise<unknown> {
  const [requests, ...others] = given;
  if (typeof requests !== 'object' || requests === null || others.length > 0)
    throw new TypeError('http.batch: expected one array or object of requests');
  const entries = Object.entries(requests);
  const all: Prepared[] = [];
  for (const [name, one] of entries)
    try {
      all.push(sender.prepare(argumentsOf(name, one)));
    } catch (error) {
      if (!(error instanceof InvalidRequest) || vu.thread.options.throw) throw error;
      vu.thread.log('warn', `a request of a batch cannot be made: ${error.message}`);
      const answers = [...all.map(() => sender.none(null)), sender.none(error)];
      return placed(requests, entries, answers);
    }
  return placed(requests, entries, await new Batch(vu, all, sender).run());
}

/** An array or an object, as the requests were given. A missing response is null in an array, and left out of an object. */
function placed(
  requests: object,
  entries: readonly [name: string, request: unknown][],
  answers: readonly Response[],
): unknown {
  if (Array.isArray(requests)) return entries.map((_, index) => answers[index] ?? null);
  return Object.fromEntries(answers.map((answer, index) => [entries[index]?.[0] ?? '', answer]));
}

/** @throws InvalidRequest when it does not describe a request */
function argumentsOf(name: string, given: unknown): RequestArguments {
  if (Array.isArray(given)) {
    const [method, url, body, params] = given as unknown[];
    if (given.length < 2 || typeof method !== 'string')
      throw new InvalidRequest(`request ${name} of the batch: expected [method, url, body, params]`);
    return { method, url, body, params };
  }
  if (typeof given === 'object' && given !== null && !(given instanceof NamedUrl))
    return argumentsIn(name, given);
  return { method: 'GET', url: given, body: null, params: null };
}

function argumentsIn(name: string, given: object): RequestArguments {
  if (!('url' in given)) throw new InvalidRequest(`request ${name} of the batch has no url`);
  const { url, body, params, ...rest } = given as Record<string, unknown>;
  const method = 'method' in rest ? rest['method'] : 'GET';
  if (typeof method !== 'string')
    throw new InvalidRequest(`request ${name} of the batch: the method is not a string`);
  const verb = method.toUpperCase();
  return { method: verb, url, body: verb === 'GET' || verb === 'HEAD' ? null : body, params };
}

/** Workers take the requests in order, and wait for a free slot of the request's host, as k6's do. */
class Batch {
  readonly #requests: readonly Prepared[];
  readonly #sender: Sender;
  readonly #workers: number;
  readonly #perHost: number;
  readonly #answers: Response[] = [];
  readonly #hosts = new Map<string, Slots>();
  #next = 0;
  /** The first error thrown; the other requests continue. */
  #error: { thrown: unknown } | null = null;

  constructor(vu: Vu, requests: readonly Prepared[], sender: Sender) {
    const { batch, batchPerHost } = vu.thread.options;
    this.#requests = requests;
    this.#sender = sender;
    this.#workers = Math.min(batch, requests.length);
    this.#perHost = batchPerHost === 0 ? Infinity : batchPerHost;
  }

  async run(): Promise<Response[]> {
    await Promise.all(Array.from({ length: this.#workers }, () => this.#work()));
    if (this.#error !== null) throw this.#error.thrown;
    return this.#answers;
  }

  async #work(): Promise<void> {
    for (;;) {
      const index = this.#next++;
      const request = this.#requests[index];
      if (request === undefined) return;
      const slots = this.#slotsOf(request.outgoing.target.parsed.host);
      await slots.take();
      try {
        this.#answers[index] = await this.#sender.send(request);
      } catch (thrown) {
        this.#error ??= { thrown };
      }
      slots.give();
    }
  }

  #slotsOf(host: string): Slots {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const made = new Slots(this.#perHost);
    this.#hosts.set(host, made);
    return made;
  }
}

/** A counting semaphore: `take` waits until a slot is free. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
