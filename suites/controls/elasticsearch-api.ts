/** Elasticsearch behind the harness's back: its HTTP API as the canary's account, through the address of applications. */
import type { ControlContext } from './control.ts';

const ANSWER_MS = 10_000;
export const CANARY = 'plumbline-canary';

interface Declared {
  stores: {
    elasticsearch: {
      statefulSet: { namespace: string; name: string };
      primary: { host: string; port: number };
      user: string;
      password: { secret: { namespace: string; name: string; key: string } };
    };
  };
}

export function declaredElasticsearch(ctx: ControlContext): Declared['stores']['elasticsearch'] {
  return (ctx.environment as unknown as Declared).stores.elasticsearch;
}

/** The answer as it came, whatever its status. @throws Error when there is none */
export async function elasticsearch(
  ctx: ControlContext,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const { primary, user, password } = declaredElasticsearch(ctx);
  const { key, ...ref } = password.secret;
  const secret = await ctx.get({ apiVersion: 'v1', kind: 'Secret', ...ref });
  const encoded = (secret?.['data'] as Record<string, string> | undefined)?.[key] ?? '';
  const account = `${user}:${Buffer.from(encoded, 'base64').toString('utf8')}`;
  const answer = await fetch(`http://${primary.host}:${primary.port}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(account).toString('base64')}`,
      'content-type': 'application/json',
    },
    signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(ANSWER_MS)]),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: await answer.json() };
}

/**
 * The same context with the account as it is now, for questions that are asked when the control is over: each of them still ends by
 * itself, but the end of the control does not end them. Its `until` ends with the control.
 */
export async function outliving(ctx: ControlContext): Promise<ControlContext> {
  const { key: _key, ...ref } = declaredElasticsearch(ctx).password.secret;
  const secret = await ctx.get({ apiVersion: 'v1', kind: 'Secret', ...ref });
  return { ...ctx, signal: new AbortController().signal, get: () => Promise.resolve(secret) };
}

/** True when the index is not there any more; null when the store refused. @throws Error when there is no answer */
export async function dropIndex(ctx: ControlContext, index: string): Promise<true | null> {
  const { status } = await elasticsearch(ctx, 'DELETE', `/${index}`);
  return status === 200 || status === 404 ? true : null;
}

/** As `elasticsearch`. @throws Error with the answer when it is not a success */
export async function ordered<T>(
  ctx: ControlContext,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const { status, json } = await elasticsearch(ctx, method, path, body);
  if (status < 200 || status >= 300)
    throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json).slice(0, 300)}`);
  return json as T;
}

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
  await ordered(ctx, 'POST', `/${CANARY}/_refresh`);
  const body = { query, sort, size, track_total_hits: true };
  const found = await ordered<{
    hits: { total: { value: number }; hits: { _id: string; _source: { run: string; n: number } }[] };
  }>(ctx, 'POST', `/${CANARY}/_search`, body);
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
  await ordered(ctx, 'DELETE', `/${CANARY}/_doc/${(await theWrite(ctx, run, n)).id}?refresh=true`);
}

/** Writes an acknowledged write of that run once more. @throws Error when it is not there exactly once */
export async function doubleWrite(ctx: ControlContext, run: string, n: number): Promise<void> {
  await theWrite(ctx, run, n);
  await ordered(ctx, 'POST', `/${CANARY}/_doc?refresh=true`, { run, n, at: Date.now() });
}

async function theWrite(ctx: ControlContext, run: string, n: number): Promise<CanaryWrite> {
  const query = { bool: { filter: [{ term: { run } }, { term: { n } }] } };
  const { total, hits } = await canaryWrites(ctx, query, [{ n: 'asc' }], 1);
  const [hit] = hits;
  if (total !== 1 || hit === undefined) throw new Error(`write ${n} of ${run} is there ${total} times`);
  return hit;
}

/** How many documents of a run there are, by the store's own count. */
export async function countOf(ctx: ControlContext, run: string, upTo: number): Promise<number> {
  await ordered(ctx, 'POST', `/${CANARY}/_refresh`);
  const query = { bool: { filter: [{ term: { run } }, { range: { n: { lte: upTo } } }] } };
  const { count } = await ordered<{ count: number }>(ctx, 'POST', `/${CANARY}/_count`, { query });
  return count;
}
