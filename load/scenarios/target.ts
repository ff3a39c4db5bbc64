/**
 * Shared by all scenarios: settings, the contract of the application (CONTRACT: what probes/application/declaration.ts describes, as JSON),
 * checks, and the first look at the target.
 */
import { check, fail } from 'k6';
import http from 'k6/http';
import type { Params } from 'k6/http';
import { fateOf, filled } from '../../probes/application/contract.ts';
import type {
  Contract,
  ContractRequest,
  Fate,
  FilledRequest,
  Reply,
  Values,
} from '../../probes/application/contract.ts';
import { REFUSAL_TEXTS, REFUSED_LOG, refusalCheck, wantsRenewal } from '../../reports/record/refusals.ts';

/** The types of k6 leave it out. */
declare const console: { info(text: string): void };

/** The contract with its requests by name. */
interface ScenarioContract extends Contract {
  /** That the title of everything created begins with. */
  prefix: string;
  requests: { [name: string]: ContractRequest | undefined };
}

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

const declared: { contract: ScenarioContract | null } = { contract: null };
const said: { refused: string } = { refused: '' };

function contractOf(): ScenarioContract {
  if (declared.contract !== null) {
    return declared.contract;
  }
  const given = text('CONTRACT', '');
  if (given === '') {
    throw new Error('CONTRACT is not set: the application section of an environment file as JSON');
  }
  const parsed: ScenarioContract = JSON.parse(given);
  declared.contract = parsed;
  return parsed;
}

/** A request of the contract. */
export function requestOf(name: string): ContractRequest {
  const request = contractOf().requests[name];
  if (request === undefined) {
    throw new Error(`the contract has no request "${name}" (application.requests.${name})`);
  }
  return request;
}

/** The URL below which requests lie, without a slash at its end. */
function baseUrl(): string {
  return text('BASE_URL', 'http://127.0.0.1:8080').replace(/\/+$/, '');
}

/** What a request got: its answer, and what the contract says of it. */
export interface Exchanged {
  reply: Reply;
  fate: Fate;
  /** Of an answer that never came. */
  error: string;
}

/** What a request is of: the number of its iteration, and the id of what was created before. */
export interface Of {
  n: number;
  id?: string;
}

/**
 * Sends a request of the contract once. Its title begins as those of all canaries do. CORRELATION_ID is the load's own: with it no title is that of
 * another load, which a unique key would refuse or a cache would know. Services strip or cut off ids: they are short, and of letters, digits and hyphens
 * (Rails keeps no others of X-Request-Id).
 */
export async function exchange(name: string, of: Of): Promise<Exchanged> {
  const contract = contractOf();
  const request = requestOf(name);
  const correlationId = `${text('CORRELATION_ID', 'load')}-${of.n}`;
  const values: Values = {
    correlationId: correlationId,
    title: `${contract.prefix}${correlationId}`,
    n: of.n,
    prefix: contract.prefix,
    id: of.id,
  };
  const sent = filled(contract, request, values);
  const url = `${baseUrl()}${sent.path}`;
  const answer = await http.asyncRequest(
    sent.method,
    url,
    sent.body === undefined ? null : sent.body,
    named(name, sent),
  );
  const reply: Reply = {
    status: answer.status,
    headers: answer.headers,
    text: typeof answer.body === 'string' ? answer.body : '',
  };
  const error = answer.error || answer.status_text;
  return { reply: reply, fate: fateOf(contract, request, values, reply), error: error };
}

/**
 * Parameters of a request: its name in metrics, and its headers. A redirect is an answer like any other, as for all clients of the contract: whoever
 * is sent to a login page must not be counted twice, nor show its credentials there.
 */
function named(name: string, sent: FilledRequest): Params {
  const headers = Object.assign({}, sent.headers, shownHeaders());
  return { headers: headers, tags: { name: name }, timeout: text('TIMEOUT', '10s'), redirects: 0 };
}

/** Headers of who asks: CREDENTIALS has for each the variable with its value, which may change while the load runs. */
function shownHeaders(): { [name: string]: string } {
  const given = text('CREDENTIALS', '');
  if (given === '') {
    return {};
  }
  const names: { [header: string]: string } = JSON.parse(given);
  const headers: { [name: string]: string } = {};
  for (const header of Object.keys(names)) {
    headers[header] = text(names[header] ?? '', '');
  }
  return headers;
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

/** Says once for each value of the credentials that it was refused. */
function sayRefused(): void {
  const shown = JSON.stringify(shownHeaders());
  if (shown === said.refused) {
    return;
  }
  said.refused = shown;
  console.info(REFUSED_LOG);
}

/** Checks that the answer is as the contract has it; one that was turned away before the service has a check of its own. */
export function expectGood(name: string, seen: Exchanged): boolean {
  const cause = seen.fate.cause;
  if (cause === null || cause === 'service') {
    return counted(`${name}: as the contract has it`, seen.fate.ok);
  }
  if (wantsRenewal(cause)) {
    sayRefused();
  }
  return counted(refusalCheck(cause), false);
}

/** One request before the load. It fails the load if the target does not answer or is not the expected service. */
export async function lookFirst(): Promise<void> {
  const seen = await exchange('look', { n: 0 });
  expectGood('look', seen);
  const url = `${baseUrl()}${requestOf('look').path}`;
  if (seen.fate.ok) {
    return;
  }
  if (seen.fate.why.startsWith('correlation-id') || seen.fate.why.startsWith('not the service')) {
    fail(`${url} is not answered by the service that the load is for (${seen.fate.why})`);
  }
  const why = seen.reply.status === 0 ? seen.error : seen.fate.why;
  fail(
    `${url} (application.requests.look) answered ${seen.reply.status} before the load (${why})${refusedText(seen.fate)}`,
  );
}

/** As whom it asked that was refused; empty where nobody was. */
function refusedText(fate: Fate): string {
  if (fate.cause === null || fate.cause === 'service') {
    return '';
  }
  return `: it was ${REFUSAL_TEXTS[fate.cause]}; ${text('SHOWN', 'SHOWN does not say as whom it asked')}`;
}

/** Reads as the load of a scenario does: the list of the contract, or its look where it has none. */
export async function readLatest(n: number): Promise<void> {
  const name = contractOf().requests['list'] === undefined ? 'look' : 'list';
  expectGood(name, await exchange(name, { n: n }));
}
