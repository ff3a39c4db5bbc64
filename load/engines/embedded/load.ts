import manifest from '../../../package.json' with { type: 'json' };
import { COMPLETED, ENOUGH } from '../engine.ts';
import type { Ending, LoadListener, LoadRequest, LoadResult } from '../engine.ts';
import { Histogram } from '../measurement/histogram.ts';
import { Measurement } from '../measurement/index.ts';
import { Failure } from './api.ts';
import { HttpClient } from './http/client.ts';
import type { Network } from './http/client.ts';
import { Deadlines } from './http/deadlines.ts';
import type { Exchange } from './http/exchange.ts';
import { Names } from './http/names.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import { scenarioRun } from './scenario-run.ts';
import type { ScenarioRun, Stage } from './scenario-run.ts';
import { loadScript } from './script.ts';
import type { Script } from './script.ts';
import { secureContextOf } from './tls.ts';
import { Vu, vus } from './vu.ts';
import type { VuLoad } from './vu.ts';

const INTERRUPTED: Ending = { outcome: 'interrupted', reason: 'interrupted from outside' };
/** How often it is looked whether a second is over, ms. */
const LOOK_MS = 250;
/** How often the same error of an iteration is logged: more would distort the measurement. */
const MOST_LOGGED = 10;

/** Lines of a stack that do not help to find an error in the script. */
const OF_ENGINE = /^\s+at .*(\/load\/engines\/embedded\/|node:|<anonymous>\)?$)/;

type Hook = 'setup' | 'teardown';

/** One load, from the script to the result. */
export class Load implements VuLoad {
  readonly #request: LoadRequest;
  readonly #listener: LoadListener;
  readonly #signal: AbortSignal;
  readonly #variables: Record<string, string>;
  readonly #measured: Measurement;
  /** Latencies from sending. */
  readonly #sent = new Histogram();
  #runs: readonly ScenarioRun[] = [];
  readonly #clients: HttpClient[] = [];
  /** Ends a running setup now. */
  #cutHook: (reason: string) => void = () => undefined;
  /** The first reason why the load did not end by itself; null: it did, or still runs. */
  #ending: Ending | null = null;
  /** When the load began, by `performance.now()`; null: it has not. */
  #startMs: number | null = null;
  #startedAt = new Date();
  #durationMs = 0;

  constructor(request: LoadRequest, listener: LoadListener, signal: AbortSignal) {
    this.#request = request;
    this.#listener = listener;
    this.#signal = signal;
    this.#variables = { ...request.variables };
    this.#measured = new Measurement((second) => listener.second?.(second), 0);
    listener.renewals?.((renewed) => void Object.assign(this.#variables, renewed));
  }

  /** Never rejects. */
  async run(): Promise<LoadResult> {
    const stop = (): void => this.#stop();
    this.#signal.addEventListener('abort', stop);
    try {
      if (this.#signal.aborted) stop();
      else await this.#perform();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#signal.removeEventListener('abort', stop);
      for (const client of this.#clients) client.close();
    }
    return {
      engine: 'embedded',
      engineVersion: manifest.version,
      stubbed: false,
      latencyFrom: 'intended',
      startedAt: this.#startedAt.toISOString(),
      durationMs: this.#durationMs,
      sent: this.#sent.buckets(),
      ...this.#measured.result(),
      ...(this.#ending ?? COMPLETED),
    };
  }

  async #perform(): Promise<void> {
    const script = await loadScript(this.#request.script, this.#variables);
    const options = readOptions(script);
    const network = this.#network(options);
    const data = await this.#call(script, 'setup', { network, timeoutMs: options.setupTimeout });
    const text = data === undefined ? undefined : JSON.stringify(data);
    const read = (): unknown => (text === undefined ? undefined : JSON.parse(text));
    if (this.#ending !== null && this.#ending.outcome === 'failed') return;
    if (this.#ending === null) await this.#load(script, options, { network, read });
    await this.#call(script, 'teardown', { network, timeoutMs: options.teardownTimeout, given: read() });
  }

  #network({ hosts, insecureSkipTLSVerify, noConnectionReuse }: Options): Network {
    const context = secureContextOf(this.#request);
    return {
      names: new Names({ ...hosts, ...this.#request.hosts }),
      trust: { context, verify: !insecureSkipTLSVerify },
      deadlines: new Deadlines(),
      noReuse: noConnectionReuse,
    };
  }

  /** @returns what the function of the script returned; undefined where it has none. @throws Error that says which failed and why */
  async #call(
    script: Script,
    name: Hook,
    { network, timeoutMs, given }: { network: Network; timeoutMs: number; given?: unknown },
  ): Promise<unknown> {
    const hook = script[name];
    if (typeof hook !== 'function') return undefined;
    const vu = new Vu(this, this.#client(network), `::${name}`);
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`it did not end within ${timeoutMs} ms`)), timeoutMs);
    this.#cutHook = (reason) => reject(new Error(reason));
    try {
      return await Promise.race([
        vus.run(vu, () => Promise.resolve(given).then(hook as (data: unknown) => unknown)),
        promise,
      ]);
    } catch (error) {
      throw new Error(`${name}() failed: ${textOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      this.#cutHook = () => undefined;
      vu.cut();
    }
  }

  async #load(
    script: Script,
    { scenarios }: Options,
    of: { network: Network; read: () => unknown },
  ): Promise<void> {
    this.#measured.seconds.isScheduled = scenarios.every((one) => 'preAllocatedVUs' in one);
    const startMs = (this.#startMs = performance.now());
    this.#startedAt = new Date();
    this.#runs = scenarios.map((one) => scenarioRun(one, this.#stageOf(script[one.exec], of)));
    const { durationMs } = this.#request.limits;
    const limit = setTimeout(() => this.#abort(`the load reached its limit of ${durationMs} ms`), durationMs);
    const telling = setInterval(() => this.#measured.seconds.reach(performance.now() - startMs), LOOK_MS);
    try {
      await Promise.all(this.#runs.map((run) => run.run(startMs)));
    } finally {
      clearTimeout(limit);
      clearInterval(telling);
      this.#durationMs = performance.now() - startMs;
      this.#measured.seconds.reach(this.#durationMs);
    }
  }

  #stageOf(iterate: unknown, { network, read }: { network: Network; read: () => unknown }): Stage {
    const measured = this.#measured;
    const startMs = this.#startMs ?? 0;
    const data = new WeakMap<Vu, { of: unknown }>();
    return {
      // Each VU has its own copy of what setup returned, as in k6.
      iterate: (vu) => {
        let own = data.get(vu);
        if (own === undefined) data.set(vu, (own = { of: read() }));
        return (iterate as (given: unknown) => unknown)(own.of);
      },
      makeVu: () => new Vu(this, this.#client(network)),
      begun: (nowMs, dueMs) => measured.begun(nowMs - startMs, dueMs - startMs),
      ended: () => measured.iterations++,
      interrupted: () => measured.interrupted++,
      dropped: (nowMs, dueMs, by) => measured.drop(nowMs - startMs, { dueMs: dueMs - startMs, by }),
      failed: (error) => {
        const { message } = error instanceof Error ? error : { message: String(error) };
        if (measured.errors.add(message) <= MOST_LOGGED) this.#listener.log?.('error', textOf(error));
      },
      unawaited: () =>
        this.refuse('an iteration that ends before a request or sleep of it is not supported: await each'),
    };
  }

  #client(network: Network): HttpClient {
    const client = new HttpClient(network);
    this.#clients.push(client);
    return client;
  }

  takeRequest(): boolean {
    const { requests } = this.#request.limits;
    if (this.#taken++ < requests) return true;
    this.#abort(`the load reached its limit of ${requests} requests`);
    return false;
  }
  #taken = 0;

  requestEnded(vu: Vu, exchange: Exchange): void {
    const { endMs, startMs, sendMs, head, error } = exchange;
    const measured = this.#measured;
    const atMs = vu.iteration === null || this.#startMs === null ? null : endMs - this.#startMs;
    measured.request(atMs);
    this.#sent.add(sendMs === 0 ? 0 : endMs - sendMs);
    // Only the first request of an iteration can be late: those after it wait for answers, not for the schedule.
    if (atMs !== null) measured.seconds.latency(atMs, endMs - startMs + vu.latenessMs);
    vu.latenessMs = 0;
    if (exchange.retried)
      measured.errors.add('sent again on a new connection: the kept one was closed before');
    if (error !== null) measured.errors.add(error.message);
    else if (head !== null && head.status >= 400) measured.errors.add(`status ${head.status}`);
  }

  checked(vu: Vu, name: string, passed: boolean): void {
    const atMs = vu.iteration === null || this.#startMs === null ? null : performance.now() - this.#startMs;
    this.#measured.check(atMs, { name, group: vu.group }, passed);
  }

  refuse(reason: string): void {
    this.#end({ outcome: 'failed', reason });
    this.#cut(reason);
  }

  #abort(reason: string): void {
    this.#end({ outcome: 'aborted', reason });
    this.#cut(reason);
  }

  #stop(): void {
    this.#end(this.#signal.reason === ENOUGH && this.#startMs !== null ? COMPLETED : INTERRUPTED);
    for (const run of this.#runs) run.stop();
  }

  #cut(reason: string): void {
    this.#cutHook(reason);
    // Not while an iteration is on the stack: it would go on beside its own end.
    setImmediate(() => {
      for (const run of this.#runs) run.cut();
    });
  }

  #fail(error: unknown): void {
    this.#end({ outcome: 'failed', reason: textOf(error) });
  }

  /** Keeps the first reason, except that a failure after a stop makes the load `failed`. */
  #end(ending: Ending): void {
    const isStopped =
      this.#ending !== null && this.#ending.outcome !== 'failed' && this.#ending.outcome !== 'aborted';
    if (this.#ending === null || (ending.outcome === 'failed' && isStopped)) this.#ending = ending;
  }
}

/** The message, with the first lines of the stack that belong to the script. What a script says by `fail()` stands for itself. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = message, cause } = error;
  if (error instanceof Failure || cause !== undefined) return message;
  const lines = stack.split('\n').filter((line) => !OF_ENGINE.test(line));
  // The stack of a SyntaxError begins with the place, and does not name the error.
  const text =
    error instanceof SyntaxError ? [`${name}: ${message}`, ...lines.slice(0, 1)] : lines.slice(0, 3);
  return text
    .join(' ')
    .replace(/\?load=\d+/g, '')
    .replace(/\s+/g, ' ');
}
