import { Socket } from 'node:net';
import { errors } from '@elastic/elasticsearch';
import { urlOf } from '../../host/http.ts';
import { codedText } from '../../reports/record/error-text.ts';
import { cannotAsk, isDown } from '../asking.ts';
import { MOST_STORE_BYTES as MOST_BYTES } from '../http.ts';
import { dialled } from '../store/store-driver.ts';
import type { Address, Bounds, StoreConnection, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { clientOver, openSocket } from './client.ts';
import { declaredOf } from './declared.ts';
import { ElasticsearchRefusal } from './errors.ts';
import { DIALECTS, otherProduct, proveOpenSearch } from './product.ts';
import type { Product } from './product.ts';

/** Where the canary's documents go; made by the client load, kept a day. */
export const CANARY_INDEX = 'plumbline-canary';
/** The canary's own vectors, made for each trial and removed after it. */
export const VECTOR_INDEX = 'plumbline-vectors';
const DEFAULT_PORT = 9200;

/** The server that is queried. */
export interface Place extends Pick<StoreConnection, 'host' | 'port' | 'user' | 'password' | 'tls' | 'dial'> {
  who: string;
  product: Product;
}

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
  return { who: DIALECTS[product].name, host, port, tls, dial, product, user, password };
}

export interface Question {
  path: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: Record<string, unknown>;
}

/**
 * One question, one answer, one connection: a kept one to a member that is gone would be asked first.
 * @throws ElasticsearchRefusal when the answer is an error; else Error that names the server, the question and why there is no answer: the cause is
 * an AskError where it is not of the declared product, not JSON or too long
 */
export async function ask<T>(place: Place, question: Question, bounds: Bounds): Promise<T> {
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(bounds.deadlineMs)));
  const signal = AbortSignal.any(bounds.signal === undefined ? [limit] : [limit, bounds.signal]);
  try {
    const at = await dialled(place, place, bounds);
    signal.throwIfAborted();
    return await askAt(at, place, question, signal);
  } catch (error) {
    if (error instanceof ElasticsearchRefusal) throw error;
    const why = limit.aborted ? `no answer within ${bounds.deadlineMs} ms` : codedText(error);
    throw new Error(`${whereOf(place, question)}: ${why}`, { cause: error });
  }
}

/** The question as messages name it. */
export function whereOf({ who, host, port, tls }: Place, { path }: Question): string {
  return `${who} (${urlOf(tls === undefined ? 'http' : 'https', { host, port })}${path})`;
}

async function askAt<T>(at: Address, place: Place, question: Question, signal: AbortSignal): Promise<T> {
  const socket = new Socket({ signal });
  try {
    const open = await openSocket(socket, { ...at, tls: place.tls });
    const { transport } = clientOver(open, place, place.product);
    const asked = transport.request<T>(
      { method: 'GET', ...question },
      { meta: true, maxResponseSize: MOST_BYTES },
    );
    const { statusCode, headers, body } = await Promise.race([asked, endOf(open)]);
    if (statusCode >= 300) throw new ElasticsearchRefusal(place.who, statusCode, body);
    if (place.product === 'opensearch') proveOpenSearch(headers);
    // Orders about voting are answered with an empty body.
    if (typeof body === 'string' && body !== '')
      throw cannotAsk('protocol', `status ${statusCode}, not JSON: ${body.slice(0, 100)}`);
    return body;
  } catch (error) {
    throw signal.aborted ? signal.reason : meant(error, place, socket.bytesRead);
  } finally {
    socket.destroy();
  }
}

/** Rejects when the connection ends: the client waits on after an answer that is not HTTP, as from a server that wants TLS. */
function endOf(open: Socket): Promise<never> {
  return new Promise((_, reject) => {
    open.once('error', reject);
    open.once('close', () => reject(new errors.ConnectionError('closed')));
  });
}

/** The client's own errors by what they mean; it keeps no codes. */
function meant(error: unknown, { who, product }: Place, bytesRead: number): unknown {
  if (error instanceof errors.ResponseError)
    return new ElasticsearchRefusal(who, error.meta.statusCode ?? 0, error.body);
  if (error instanceof errors.ProductNotSupportedError) return otherProduct(product);
  if (error instanceof errors.RequestAbortedError || bytesRead > MOST_BYTES)
    return cannotAsk('too-large', `the answer is longer than ${MOST_BYTES} bytes`);
  if (!(error instanceof errors.ConnectionError)) return error;
  return Object.assign(new Error('the connection broke before the end of the answer'), {
    code: 'ECONNRESET',
  });
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
