/**
 * The application's own API as data: what a request of it is, and what its answer says. It needs nothing of Node, so that the scripts of load
 * engines read the same contract in the same way.
 */
import { parseJson, parseJsonForIds } from '../../host/json.ts';
import { isLoginPage, refusalDetail, refusalOf } from '../../reports/record/refusals.ts';
import type { Refusal } from '../../reports/record/refusals.ts';

/** Where something stands in an answer: a JSON pointer (RFC 6901) into its body, or a header. */
export interface Place {
  pointer?: string | undefined;
  header?: string | undefined;
}

export type Scalar = string | number | boolean;

/** What an answer must hold. With a place alone: something must be there that is not null and no empty text. */
export interface Expectation extends Place {
  /** Placeholders are filled as in the request, here and in `contains`. */
  equals?: Scalar | undefined;
  contains?: string | undefined;
  is?: 'text' | 'number' | 'boolean' | 'list' | 'map' | undefined;
  /** The value is a list, and each entry has something at these pointers. */
  each?: readonly string[] | undefined;
  /** Most entries of that list. */
  most?: number | undefined;
}

/** How far what was created has come. */
export type State = 'done' | 'degraded' | 'failed' | 'open';
export const STATES = ['done', 'degraded', 'failed', 'open'] as const;

/** Which values at the place mean which state. */
export interface StateRule extends Place {
  done: readonly Scalar[];
  degraded: readonly Scalar[];
  failed: readonly Scalar[];
  open: readonly Scalar[];
}

export interface ContractRequest {
  method: string;
  /** Below the URL of the edge. */
  path: string;
  /** Template of its JSON; undefined: it has no body. */
  body?: unknown;
  status: readonly number[];
  expects: readonly Expectation[];
  id?: Place | undefined;
  state?: StateRule | undefined;
  /** Statuses that say that there is no such thing. */
  missing?: readonly number[] | undefined;
}

/** How a request is recognised on its way: a header that the answer repeats, its trace, or not at all. */
export type Follow = { echo: string } | 'trace' | 'none';

/** What tells the service's answer from one of somebody before it. */
export type Proof = { header: string; contains?: string | undefined } | 'echo' | 'answers' | 'none';

/** As much of the contract as is needed to send one request and to read its answer. */
export interface Contract {
  follow: Follow;
  proof: Proof;
}

/** What fills the placeholders of a request. */
export interface Values {
  correlationId: string;
  title: string;
  n: number;
  /** Of what was created. */
  id?: string | undefined;
  /** That every title of a canary begins with. */
  prefix?: string | undefined;
}

export const PLACEHOLDERS = ['id', 'correlationId', 'title', 'n', 'prefix'] as const;
const PLACEHOLDER = /\{([A-Za-z]+)\}/g;

/** A request as it is sent. */
export interface FilledRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Reply {
  status: number;
  headers: Record<string, string | readonly string[] | undefined>;
  text: string;
}

/** What an answer says of the request. */
export interface Fate {
  ok: boolean;
  /** Why not, in a few words without anything of the answer that may be secret; empty where it is ok. */
  why: string;
  /** Who is to blame: the service, or who stands before it. */
  cause: 'service' | Refusal | null;
  /** Of what was created, where the request says where it is. */
  id: string | null;
}

/** The names that text has, unknown ones included. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map((found) => found[1] ?? '');
}

/**
 * The request with its placeholders filled, and with the header by which it is followed.
 * @throws Error for an id, of an answer, that leads elsewhere: `DELETE /tenders/..` would be `DELETE /`, with the account of the canaries
 */
export function filled(
  { follow }: Pick<Contract, 'follow'>,
  request: Pick<ContractRequest, 'method' | 'path' | 'body'>,
  values: Values,
): FilledRequest {
  if (values.id === '.' || values.id === '..')
    throw new Error(`the service named "${values.id}" as the id of what it made, which is a step in a path`);
  const path = request.path.replace(PLACEHOLDER, (_, name: string) =>
    encodeURIComponent(valueOf(name, values)),
  );
  const headers: Record<string, string> = {};
  if (typeof follow === 'object') headers[follow.echo] = values.correlationId;
  if (request.body === undefined) return { method: request.method, path, headers };
  headers['content-type'] = 'application/json';
  return { method: request.method, path, headers, body: JSON.stringify(filledValue(request.body, values)) };
}

/** A text that is nothing but `{n}` becomes the number. */
function filledValue(template: unknown, values: Values): unknown {
  if (typeof template === 'string') return template === '{n}' ? values.n : filledText(template, values);
  if (Array.isArray(template)) return template.map((one) => filledValue(one, values));
  if (typeof template !== 'object' || template === null) return template;
  const entries = Object.entries(template).map(([key, one]) => [key, filledValue(one, values)]);
  return Object.fromEntries(entries);
}

function filledText(template: string, values: Values): string {
  return template.replace(PLACEHOLDER, (_, name: string) => valueOf(name, values));
}

function valueOf(name: string, values: Values): string {
  if (name === 'id') return values.id ?? '';
  if (name === 'title') return values.title;
  if (name === 'n') return String(values.n);
  if (name === 'prefix') return values.prefix ?? '';
  return name === 'correlationId' ? values.correlationId : `{${name}}`;
}

/** Seconds that `Retry-After` asks to wait; null: it does not say, or names a date. */
export function retryAfterSeconds(headers: Reply['headers']): number | null {
  const said = headerOf(headers, 'retry-after');
  return said !== null && /^\d+$/.test(said) ? Number(said) : null;
}

/**
 * What an answer says of the request that it is for. A login page that answers in place of the service is a refusal, whatever its status and
 * whatever else of it is as declared, unless the request asks for a web page: that may have a login in it.
 */
export function fateOf(contract: Contract, request: ContractRequest, values: Values, reply: Reply): Fate {
  const fate = fateBySelf(contract, request, values, reply);
  const mayBeLogin = fate.ok ? !asksForPage(request) : fate.cause === 'service';
  if (!mayBeLogin || !isLoginPage(reply.text)) return fate;
  return { ok: false, why: refusalDetail('login', reply.status), cause: 'login', id: null };
}

/** Whether the request says that its good answer is a web page: `expects` of the header content-type names HTML. */
function asksForPage({ expects }: Pick<ContractRequest, 'expects'>): boolean {
  return expects.some(
    ({ header, equals, contains }) =>
      header?.toLowerCase() === 'content-type' && /html/i.test(contains ?? String(equals)),
  );
}

function fateBySelf(contract: Contract, request: ContractRequest, values: Values, reply: Reply): Fate {
  const bad = (why: string, cause: Fate['cause'] = 'service'): Fate => ({ ok: false, why, cause, id: null });
  if (!request.status.includes(reply.status)) return bad(...otherStatus(reply));
  const stranger = notTheService(contract, values, reply);
  if (stranger !== null) return bad(stranger);
  const json = request.expects.length > 0 ? parseJson(reply.text) : undefined;
  const unmet = unmetIn(request, values, { reply, json });
  if (unmet !== null) return bad(unmet);
  const id = request.id === undefined ? null : idAt(request.id, reply, parseJsonForIds(reply.text));
  return request.id !== undefined && id === null ? bad('no id') : { ok: true, why: '', cause: null, id };
}

/** What a status that nobody asked for says, and whether it is a refusal of ours. */
function otherStatus({ status, headers }: Reply): [why: string, cause: Fate['cause']] {
  const location = headerOf(headers, 'location') ?? '';
  const refusal = refusalOf(status, location);
  if (refusal === null) return [`status ${status}`, 'service'];
  const said = { waitSeconds: retryAfterSeconds(headers), location };
  return [refusalDetail(refusal, status, said), refusal];
}

/** Why the answer may be of somebody else; null: it is the service's, or nothing is declared that would tell. */
export function notTheService(
  { follow, proof }: Contract,
  values: Values,
  { headers }: Reply,
): string | null {
  if (typeof proof === 'object') {
    const said = headerOf(headers, proof.header);
    return said !== null && said.includes(proof.contains ?? '') ? null : `not the service: ${proof.header}`;
  }
  if (proof !== 'echo' || typeof follow !== 'object') return null;
  return echoOf(headers, follow.echo) === values.correlationId ? null : 'correlation-id';
}

function unmetIn(
  { expects }: Pick<ContractRequest, 'expects'>,
  values: Values,
  { reply, json }: { reply: Reply; json: unknown },
): string | null {
  for (const expected of expects) {
    const seen = at(expected, reply, json);
    if (!meets(expected, seen, values)) return `answer: ${placeText(expected)}`;
  }
  return null;
}

function meets(expected: Expectation, seen: unknown, values: Values): boolean {
  if (!isThere(seen)) return false;
  const { equals, contains, is } = expected;
  if (equals !== undefined && seen !== filledValue(equals, values)) return false;
  if (contains !== undefined && !(typeof seen === 'string' && seen.includes(filledText(contains, values))))
    return false;
  return (is === undefined || kindOf(seen) === is) && listed(expected, seen);
}

function listed({ each, most }: Expectation, seen: unknown): boolean {
  if (each === undefined && most === undefined) return true;
  if (!Array.isArray(seen) || seen.length > (most ?? Infinity)) return false;
  const pointers = each ?? [];
  return seen.every((one) => pointers.every((pointer) => isThere(pointed(one, pointer))));
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

function kindOf(value: unknown): Expectation['is'] {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'boolean' : 'map';
}

/** The state of what was created; null: the value there is none of those declared. */
export function stateOf(rule: StateRule, reply: Reply): State | null {
  const seen = at(rule, reply, parseJson(reply.text));
  for (const state of STATES) if (rule[state].some((value) => value === seen)) return state;
  return null;
}

/**
 * The id that an answer names: text or a whole number at a pointer, or the last segment of a header such as `Location`; null: there is none.
 * @param json of `parseJsonForIds`: a number that JSON.parse has rounded is no id, since it would be somebody else's
 */
export function idAt(place: Place, reply: Pick<Reply, 'headers'>, json: unknown): string | null {
  if (place.header !== undefined) {
    const said = headerOf(reply.headers, place.header)
      ?.replace(/[?#].*$/, '')
      .replace(/\/+$/, '');
    const last = said?.slice(said.lastIndexOf('/') + 1) ?? '';
    return last === '' ? null : decoded(last);
  }
  return idText(pointed(json, place.pointer ?? ''));
}

function idText(seen: unknown): string | null {
  if (typeof seen === 'number') return Number.isSafeInteger(seen) ? String(seen) : null;
  return typeof seen === 'string' && seen !== '' ? seen : null;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function at(place: Place, { headers }: Pick<Reply, 'headers'>, json: unknown): unknown {
  return place.header === undefined ? pointed(json, place.pointer ?? '') : headerOf(headers, place.header);
}

export function placeText({ pointer, header }: Place): string {
  return header === undefined ? (pointer === '' ? 'the whole body' : (pointer ?? '')) : `header ${header}`;
}

/** The value at a JSON pointer; undefined: there is none. */
export function pointed(json: unknown, pointer: string): unknown {
  let found = json;
  if (pointer === '') return found;
  for (const step of pointer.slice(1).split('/')) {
    const key = step.replace(/~1/g, '/').replace(/~0/g, '~');
    if (Array.isArray(found))
      found = /^(0|[1-9]\d*)$/.test(key) ? (found[Number(key)] as unknown) : undefined;
    else if (typeof found === 'object' && found !== null && Object.prototype.hasOwnProperty.call(found, key))
      found = (found as Record<string, unknown>)[key];
    else return undefined;
  }
  return found;
}

/** A header whatever its case; several lines are one with commas (RFC 9110, 5.3); null: it is not there. */
export function headerOf(headers: Reply['headers'], name: string): string | null {
  const wanted = name.toLowerCase();
  for (const [one, value] of Object.entries(headers)) {
    if (one.toLowerCase() !== wanted || value === undefined) continue;
    return typeof value === 'string' ? value : value.join(', ');
  }
  return null;
}

/** What the header says by which requests are followed. A gateway may repeat it beside the service: twice the same is said once. */
export function echoOf(headers: Reply['headers'], name: string): string {
  const said = headerOf(headers, name)?.split(', ') ?? [];
  return said.filter((one, at) => said.indexOf(one) === at).join(', ');
}
