/** Shared by all scenarios: settings, the target and its correlation header, checks, and the first look at the target. */
import { check, fail } from 'k6';
import http from 'k6/http';
import type { Params, RefinedResponse, ResponseType } from 'k6/http';

type Answer = RefinedResponse<ResponseType | undefined>;

/** A setting of the load. The defaults make a small, short load. */
export function text(name: string, fallback: string): string {
  const value = __ENV[name];
  return value === undefined || value === '' ? fallback : value;
}

/** A setting that is a whole number from 1 to `most`. */
export function count(name: string, fallback: number, most: number): number {
  const value = Number(text(name, String(fallback)));
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`${name} must be a whole number from 1 to ${most}, not "${__ENV[name]}"`);
  }
  return value;
}

/** The platform's URL, without a trailing slash. */
export function baseUrl(): string {
  return text('BASE_URL', 'http://127.0.0.1:8080').replace(/\/+$/, '');
}

/** Parameters of a request: its name in metrics, and the correlation header that identifies the harness's traffic. */
export function named(name: string): Params {
  const headers: { [name: string]: string } = { 'content-type': 'application/json' };
  headers[text('CORRELATION_HEADER', 'x-plumbline-mark')] = text('CORRELATION_ID', 'load');
  return { headers: headers, tags: { name: name }, timeout: text('TIMEOUT', '10s') };
}

/**
 * Counts a request as good or bad, with a check that names the expectation. Judges count only these checks (reports/judge/performance), so
 * every request of a scenario must be checked exactly once, whatever its outcome.
 */
export function counted(name: string, good: boolean): boolean {
  const checks: { [name: string]: () => boolean } = {};
  checks[name] = () => good;
  return check(null, checks);
}

/** Checks that the answer has this status. */
export function expectStatus(answer: Answer, status: number, name: string): boolean {
  return counted(`${name}: status ${status}`, answer.status === status);
}

export type Fields = { [name: string]: unknown };

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** The JSON of an answer's body; null: it is not JSON. */
export function jsonOf(answer: { body: unknown }): unknown {
  try {
    return typeof answer.body === 'string' ? JSON.parse(answer.body) : null;
  } catch {
    return null;
  }
}

/** Whether this is a tender as the API returns it. */
function isTender(one: unknown): one is Fields {
  return isObject(one) && hasId(one['id']) && typeof one['title'] === 'string';
}

function hasId(id: unknown): boolean {
  return (typeof id === 'string' && id !== '') || typeof id === 'number';
}

/** Checks that a tender was stored: the answer is the tender, with an id and the title that was sent. */
export function expectStored(answer: Answer, title: string, name: string): boolean {
  const tender = jsonOf(answer);
  const stored = answer.status === 201 && isTender(tender) && tender['title'] === title;
  return counted(`${name}: status 201 and the tender`, stored && repeatsCorrelationId(answer));
}

/** Whether the service behind the whole chain answered: it repeats the correlation id. True if no correlation header is set. */
function repeatsCorrelationId(answer: Answer): boolean {
  const header = text('CORRELATION_HEADER', '').toLowerCase();
  const name = Object.keys(answer.headers).find((one) => one.toLowerCase() === header);
  return header === '' || (name !== undefined && answer.headers[name] === text('CORRELATION_ID', 'load'));
}

/** One request before the load. It fails the load if the target does not answer or is not the expected service. */
export function lookFirst(): void {
  const url = `${baseUrl()}/tenders`;
  const answer = http.get(`${url}?limit=1`, named('look first'));
  const good = answer.status === 200 && repeatsCorrelationId(answer);
  counted('look first: status 200 and the correlation id', good);
  if (answer.status !== 200) {
    fail(`${url} answered ${answer.status} before the load (${answer.error || answer.status_text})`);
  }
  if (!repeatsCorrelationId(answer)) {
    fail(
      `${url} does not repeat the header ${text('CORRELATION_HEADER', '')}, so it is not the service that the load is for`,
    );
  }
}

const MOST_LISTED = 20;

/** Reads the newest tenders, and checks that the service behind the whole chain returned a list of them. */
export function readLatest(): void {
  const answer = http.get(`${baseUrl()}/tenders?limit=${MOST_LISTED}`, named('list tenders'));
  const listed = answer.status === 200 && repeatsCorrelationId(answer) && isList(jsonOf(answer));
  counted('list tenders: status 200 and a list of tenders', listed);
}

function isList(body: unknown): boolean {
  return Array.isArray(body) && body.length <= MOST_LISTED && body.every(isTender);
}
