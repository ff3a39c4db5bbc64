import { isDown } from '../asking.ts';
import { declaredOf } from './declared.ts';
import { DIALECTS, proveProduct } from './product.ts';
import type { Product } from './product.ts';
import { askHttp, jsonOf, MOST_STORE_BYTES } from '../http.ts';
import type { HttpQuestion } from '../http.ts';
import type { Bounds, StoreConnection, StoreMember, StoreTarget } from '../store/store-driver.ts';

/** Where the canary's documents go; made by the client load, kept a day. */
export const CANARY_INDEX = 'plumbline-canary';
/** The canary's own vectors, made for each trial and removed after it. */
export const VECTOR_INDEX = 'plumbline-vectors';
const DEFAULT_PORT = 9200;

/** The server that is queried. */
export type Place = Pick<HttpQuestion, 'who' | 'host' | 'port' | 'account' | 'tls' | 'dial'> & {
  product: Product;
};

/** A member, past every Service. */
export function memberPlace(target: StoreTarget, member: StoreMember): Place {
  const service = servicePlace(target.connection);
  const { address: host, port = DEFAULT_PORT } = member;
  return { ...service, who: `${service.who} of ${member.name}`, host, port };
}

/** The address that applications use. */
export function servicePlace(connection: StoreConnection): Place {
  const { host, port, tls, dial, user, password } = connection;
  const { product } = declaredOf(connection);
  const account = user === '' ? undefined : { user, password };
  return { who: DIALECTS[product].name, host, port, tls, dial, product, account };
}

/** The server answered, but with an error. */
export class ElasticsearchRefusal extends Error {
  override readonly name = 'ElasticsearchRefusal';
  readonly status: number;
  /** Such as `index_not_found_exception`. */
  readonly type: string;

  constructor(where: string, status: number, type: string, reason: string) {
    super(`${where}: ${status} ${type}${reason === '' ? '' : `: ${reason.slice(0, 200)}`}`);
    this.status = status;
    this.type = type;
  }
}

export interface Question {
  path: string;
  method?: HttpQuestion['method'];
  body?: unknown;
}

/**
 * One question, one answer.
 * @throws ElasticsearchRefusal when the answer is an error, AskError when it is not of the declared product, Error when there is none
 */
export async function ask<T>(place: Place, question: Question, bounds: Bounds): Promise<T> {
  const full: HttpQuestion = { ...place, ...question, maxBytes: MOST_STORE_BYTES };
  const answer = await askHttp(full, bounds);
  // Orders about voting are answered with an empty body.
  const ok = answer.status >= 200 && answer.status < 300;
  if (ok) {
    proveProduct(place.product, answer.headers, place.who);
    return (answer.text === '' ? null : jsonOf(full, answer)) as T;
  }
  const { type, reason } = errorOf(answer.text);
  throw new ElasticsearchRefusal(place.who, answer.status, type, reason);
}

/** `{error: {type, reason}}`, or what else an answer with an error may hold. */
function errorOf(text: string): { type: string; reason: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { type?: string; reason?: string } | string };
    if (typeof error === 'string') return { type: 'error', reason: error };
    return { type: error?.type ?? 'no error type', reason: error?.reason ?? '' };
  } catch {
    return { type: 'not JSON', reason: text.replaceAll(/<[^>]*>|\s+/g, ' ').trim() };
  }
}

/** The first answer. @throws Error with the message of the last member; when there are several, with the error of each */
export async function anyMember<T>(
  members: readonly StoreMember[],
  question: (member: StoreMember) => Promise<T>,
): Promise<T> {
  if (members.length === 0) throw isDown('absent', 'the store has no members');
  const said: unknown[] = [];
  for (const member of members) {
    try {
      return await question(member);
    } catch (error) {
      said.push(error);
    }
  }
  const last = said.at(-1);
  if (said.length === 1 || !(last instanceof Error)) throw last;
  throw new AggregateError(said, last.message);
}
