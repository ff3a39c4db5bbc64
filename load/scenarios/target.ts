/** What all scenarios share: where they send, with which mark, and how they look first. */
import { check, fail } from 'k6';
import http from 'k6/http';
import type { Params, RefinedResponse, ResponseType } from 'k6/http';

type Answer = RefinedResponse<ResponseType | undefined>;

/** A setting of the load; every one has a default that is small and ends soon. */
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

/** Where the platform is, without a slash at its end. */
export function baseUrl(): string {
  return text('BASE_URL', 'http://127.0.0.1:8080').replace(/\/+$/, '');
}

/** Parameters of a request: its name in metrics, and the mark by which the environment knows a harness's traffic. */
export function named(name: string): Params {
  const headers: { [name: string]: string } = { 'content-type': 'application/json' };
  headers[text('MARK_HEADER', 'x-plumbline-mark')] = text('MARK', 'load');
  return { headers: headers, tags: { name: name }, timeout: text('TIMEOUT', '10s') };
}

/** Whether the answer has this status; counted as a check under the request's name. */
export function expectStatus(answer: Answer, status: number, name: string): boolean {
  const checks: { [name: string]: (seen: Answer) => boolean } = {};
  checks[`${name}: status ${status}`] = (seen) => seen.status === status;
  return check(answer, checks);
}

/** Whether the service behind the whole chain answered: it repeats the mark. Not asked where no header is named. */
function repeatsMark(answer: Answer): boolean {
  const header = text('MARK_HEADER', '').toLowerCase();
  const name = Object.keys(answer.headers).find((one) => one.toLowerCase() === header);
  return header === '' || (name !== undefined && answer.headers[name] === text('MARK', 'load'));
}

/** One look before the load: a target that does not answer, or is another, is not loaded. */
export function lookFirst(): void {
  const url = `${baseUrl()}/tenders`;
  const answer = http.get(`${url}?limit=1`, named('look first'));
  if (answer.status !== 200) {
    fail(`${url} answered ${answer.status} before the load (${answer.error || answer.status_text})`);
  }
  if (!repeatsMark(answer)) {
    fail(
      `${url} does not repeat the header ${text('MARK_HEADER', '')}: it is not the service that is to be loaded`,
    );
  }
}

/** Reads the newest tenders. */
export function readLatest(): void {
  expectStatus(http.get(`${baseUrl()}/tenders?limit=20`, named('list tenders')), 200, 'list tenders');
}
