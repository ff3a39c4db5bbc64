/** The modules of k6, as scripts see them: the part that runs here and on k6 from one file. */
import { Exchange } from './http/exchange.ts';
import { LONGEST_TIMER_MS } from './http/deadlines.ts';
import { decoded } from './http/decode.ts';
import { RequestError } from './http/errors.ts';
import type { Head } from './http/head.ts';
import { targetOf } from './http/target.ts';
import { refusing, unsupported } from './refusing.ts';
import { bodyOf, headText, paramsOf } from './request.ts';
import { Response } from './response.ts';
import { vus } from './vu.ts';
import type { Vu } from './vu.ts';

/** What `fail()` throws: it stands for itself, without a stack. */
export class Failure extends Error {}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function only<Module extends object>(name: string, module: Module): Module {
  return Object.setPrototypeOf(module, refusing(name)) as Module;
}

/** @throws Error while the script is loaded: then there is no VU */
function running(what: string): Vu {
  const vu = vus.getStore();
  if (vu === undefined) throw new Error(`${what} cannot be used while the script is loaded`);
  return vu;
}

function check(value: unknown, tests: Readonly<Record<string, unknown>>): boolean {
  const vu = running('check()');
  let all = true;
  for (const [name, test] of Object.entries(tests)) {
    if (name.includes('::')) throw new Error(`check ${JSON.stringify(name)}: a name must not contain '::'`);
    const passed = tested(vu, name, () =>
      typeof test === 'function' ? (test as (of: unknown) => unknown)(value) : test,
    );
    vu.load.checked(vu, name, passed);
    all &&= passed;
  }
  return all;
}

function tested(vu: Vu, name: string, test: () => unknown): boolean {
  let result: unknown;
  try {
    result = test();
  } catch (error) {
    vu.load.checked(vu, name, false);
    throw error;
  }
  if (result instanceof Promise) throw unsupported('a check by an async function');
  return Boolean(result);
}

function fail(message = 'fail() was called'): never {
  throw new Failure(message);
}

/** k6's blocks. A script that awaits it here does so in k6 as well. */
function sleep(seconds: unknown): Promise<void> {
  const vu = running('sleep()');
  const ms = Number(seconds) * 1000;
  vu.pending++;
  vu.waited = true;
  return new Promise((resolve) => {
    // As in k6, a value that is negative or not a number does not sleep. The load keeps the process alive.
    setTimeout(
      () => {
        vu.pending--;
        if (!vu.over) resolve();
      },
      Math.min(LONGEST_TIMER_MS, ms > 0 ? ms : 0),
    ).unref();
  });
}

function asyncRequest(
  method: unknown,
  url: unknown,
  ...[given, params]: [body?: unknown, params?: unknown]
): Promise<Response> {
  const vu = running('http.asyncRequest()');
  if (vu.hasCookie) throw unsupported('a request after an answer that set a cookie, in one iteration,');
  const { headers, timeoutMs, followsRedirects } = paramsOf(params);
  const body = bodyOf(given);
  const address = String(url);
  const verb = String(method);
  let request: ConstructorParameters<typeof Exchange>[0];
  try {
    const target = targetOf(address);
    const deadlineMs = performance.now() + timeoutMs;
    request = { method: verb, target, body, deadlineMs, headText: headText(verb, target, { headers, body }) };
  } catch (error) {
    if (error instanceof RequestError) return unsent(error, address);
    throw error;
  }
  vu.waited = true;
  // Of an iteration nothing goes on; setup must end.
  if (!vu.load.takeRequest())
    return vu.iteration === null
      ? Promise.reject(new Error('the load reached its limit of requests'))
      : new Promise(() => undefined);
  vu.pending++;
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(request, () => {
      vu.pending--;
      const { head } = exchange;
      if (head !== null) read(vu, exchange, head);
      vu.load.requestEnded(vu, exchange);
      if (followsRedirects && head !== null && isRedirect(head))
        reject(unsupported('following a redirect (`redirects: 0` follows none)'));
      else resolve(new Response(exchange, address));
    });
    vu.client.send(exchange);
  });
}

/** As in k6, a response with the error; no request is counted. */
function unsent(error: RequestError, url: string): Promise<Response> {
  return Promise.resolve(new Response({ head: null, answer: null, error, sendMs: 0, endMs: 0 }, url));
}

function read(vu: Vu, exchange: Exchange, { encoding, framing, setsCookie }: Head): void {
  vu.hasCookie ||= setsCookie;
  if (encoding === '' || framing.kind === 'none' || exchange.answer === null) return;
  try {
    exchange.answer = decoded(exchange.answer, encoding);
  } catch (error) {
    exchange.error = error as RequestError;
    exchange.head = exchange.answer = null;
  }
}

function isRedirect({ status, fields }: Head): boolean {
  return REDIRECTS.has(status) && fields.some(([name]) => name === 'location');
}

const scenario = {
  get iterationInTest(): number {
    const { iteration } = running('exec.scenario');
    if (iteration === null) throw new Error('exec.scenario is available only in iterations of a scenario');
    return iteration;
  },
};

/** A metric of the script: k6 shows it in its own summary, and no record holds it. */
class Metric {
  add(): void {
    // Nothing here reads it.
  }
}

/** By the name that scripts import. */
export const MODULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  k6: { check, fail, sleep },
  'k6/http': { default: only('http', { asyncRequest }), asyncRequest },
  'k6/execution': { default: only('exec', { scenario: only('exec.scenario', scenario) }), scenario },
  'k6/metrics': { Counter: Metric, Gauge: Metric, Rate: Metric, Trend: Metric },
};
