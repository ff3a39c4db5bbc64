/** Reaches Elasticsearch independently of the harness: its HTTP API with the canary's account, at the applications' address. */
import { z } from 'zod';
import type { Stores } from '../../../../env/schema.ts';
import { heldTo, parseJson } from '../../../../host/json.ts';
import { askJson, declaredStore, secretText } from '../../../_breaking/accounts.ts';
import type { Asking } from '../../../_breaking/accounts.ts';
import type { ControlContext } from '../../../harness/control.ts';

export const CANARY = 'plumbline-canary';

export function declaredElasticsearch(ctx: Asking): NonNullable<Stores['elasticsearch']> {
  return declaredStore(ctx, 'elasticsearch');
}

/** The answer as it came, whatever its status. @throws Error when there is none */
export async function elasticsearch(
  ctx: Asking,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const declared = declaredElasticsearch(ctx);
  const { host, port } = declared.primary;
  const at = { url: `http://${host}:${port}`, declared };
  const { status, text } = await askJson(ctx, at, { method, path, body });
  return { status, json: parseJson(text) };
}

/**
 * A context for requests after the control has ended, with the current password or API key: each request has its own time-out, but the end of the
 * control does not abort it.
 */
export async function outliving(ctx: ControlContext): Promise<Asking> {
  const { apiKey, password: ofAccount } = declaredElasticsearch(ctx);
  const password = await secretText(ctx, apiKey ?? ofAccount);
  return { ...ctx, signal: new AbortController().signal, password };
}

/** True when the index is not there any more; null when the store refused. @throws Error when there is no answer */
export async function dropIndex(ctx: Asking, index: string): Promise<true | null> {
  const { status } = await elasticsearch(ctx, 'DELETE', `/${index}`);
  return status === 200 || status === 404 ? true : null;
}

/** A request and the schema of its answer. */
interface Order<T> {
  method: 'POST' | 'GET' | 'DELETE';
  path: string;
  body?: unknown;
  answer: z.ZodType<T>;
}

/** As `elasticsearch`. @throws Error with the answer when it is not a success, or is not as it must be */
export async function asked<T>(ctx: Asking, { method, path, body, answer }: Order<T>): Promise<T> {
  const { status, json } = await elasticsearch(ctx, method, path, body);
  if (status < 200 || status >= 300)
    throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json).slice(0, 300)}`);
  return heldTo(answer, json, `${method} ${path}`);
}

/** As `asked`, where the answer says nothing beyond its status. */
export async function ordered(ctx: Asking, order: Omit<Order<unknown>, 'answer'>): Promise<void> {
  await asked(ctx, { ...order, answer: z.unknown() });
}

const search = z.object({
  hits: z.object({
    total: z.object({ value: z.number() }),
    hits: z.array(z.object({ _id: z.string(), _source: z.object({ run: z.string(), n: z.number() }) })),
  }),
});

export interface CanaryWrite {
  id: string;
  run: string;
  n: number;
}

/** Documents of the canary as a search finds them now, made visible before. */
export async function canaryWrites(
  ctx: ControlContext,
  query: unknown,
  sort: unknown,
  size: number,
): Promise<{ total: number; hits: CanaryWrite[] }> {
  await ordered(ctx, { method: 'POST', path: `/${CANARY}/_refresh` });
  const body = { query, sort, size, track_total_hits: true };
  const found = await asked(ctx, { method: 'POST', path: `/${CANARY}/_search`, body, answer: search });
  const hits = found.hits.hits.map(({ _id: id, _source: { run, n } }) => ({ id, run, n }));
  return { total: found.hits.total.value, hits };
}

/** The write that was acknowledged last, of whatever run; null while there is none. */
export async function newestWrite(ctx: ControlContext): Promise<CanaryWrite | null> {
  const { status } = await elasticsearch(ctx, 'GET', `/${CANARY}/_settings`);
  if (status === 404) return null;
  const { hits } = await canaryWrites(ctx, { match_all: {} }, [{ at: 'desc' }, { n: 'desc' }], 1);
  return hits[0] ?? null;
}

/** Takes an acknowledged write of that run out of the index. @throws Error when it is not there exactly once */
export async function removeWrite(ctx: ControlContext, run: string, n: number): Promise<void> {
  const { id } = await theWrite(ctx, run, n);
  await ordered(ctx, { method: 'DELETE', path: `/${CANARY}/_doc/${id}?refresh=true` });
}

/** Writes an acknowledged write of that run once more. @throws Error when it is not there exactly once */
export async function doubleWrite(ctx: ControlContext, run: string, n: number): Promise<void> {
  await theWrite(ctx, run, n);
  const body = { run, n, at: Date.now() };
  await ordered(ctx, { method: 'POST', path: `/${CANARY}/_doc?refresh=true`, body });
}

async function theWrite(ctx: ControlContext, run: string, n: number): Promise<CanaryWrite> {
  const query = { bool: { filter: [{ term: { run } }, { term: { n } }] } };
  const { total, hits } = await canaryWrites(ctx, query, [{ n: 'asc' }], 1);
  const [hit] = hits;
  if (total !== 1 || hit === undefined)
    throw new Error(`expected write ${n} once in ${run}, found it ${total} times`);
  return hit;
}

/** How many documents of a run there are, by the store's own count. */
export async function countOf(ctx: ControlContext, run: string, upTo: number): Promise<number> {
  await ordered(ctx, { method: 'POST', path: `/${CANARY}/_refresh` });
  const query = { bool: { filter: [{ term: { run } }, { range: { n: { lte: upTo } } }] } };
  const answer = z.object({ count: z.number() });
  const found = await asked(ctx, { method: 'POST', path: `/${CANARY}/_count`, body: { query }, answer });
  return found.count;
}
