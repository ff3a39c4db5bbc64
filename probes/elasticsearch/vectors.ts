import { ask, memberPlace, servicePlace, VECTOR_INDEX } from './api.ts';
import type { Place } from './api.ts';
import { declaredOf } from './declared.ts';
import { ElasticsearchRefusal } from './errors.ts';
import { waitGreen } from './health.ts';
import { ledView } from './state.ts';
import { DIALECTS } from './product.ts';
import type { Product } from './product.ts';
import { localView, primaryOf } from './view.ts';
import { monoMs } from '../../host/clock.ts';
import type { Bounds, QueryAnswer, StoreQuery, StoreTarget } from '../store/store-driver.ts';

const DOCUMENTS = 240;
const DIMENSIONS = 32;
const QUESTIONS = 12;
/** Documents in flight at once. */
const AT_ONCE = 20;
/** Neighbours asked for. */
const NEIGHBOURS = 10;
const GREEN_MS = 10_000;

interface Vectors {
  settings: Readonly<Record<string, unknown>>;
  field: Readonly<Record<string, unknown>>;
  /** The body of a search for the nearest of a vector. */
  search: (vector: readonly number[]) => object;
}

/** A graph (HNSW) by cosine in either; as many candidates as there are documents are looked at. */
const VECTORS: Readonly<Record<Product, Vectors>> = {
  elasticsearch: {
    settings: {},
    field: {
      type: 'dense_vector',
      dims: DIMENSIONS,
      index: true,
      similarity: 'cosine',
      index_options: { type: 'hnsw' },
    },
    search: (vector) => ({
      knn: { field: 'vector', query_vector: vector, k: NEIGHBOURS, num_candidates: DOCUMENTS },
    }),
  },
  // Of its plugin k-NN; the engine of Lucene needs no library of the machine's.
  opensearch: {
    settings: { 'index.knn': true },
    field: {
      type: 'knn_vector',
      dimension: DIMENSIONS,
      method: { name: 'hnsw', engine: 'lucene', space_type: 'cosinesimil' },
    },
    search: (vector) => ({ query: { knn: { vector: { vector, k: DOCUMENTS } } } }),
  },
};

/** Cheap, even over the sphere, and the same each time (a linear congruential generator; constants of Numerical Recipes). */
function vectors(count: number, seed: number): number[][] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Array.from({ length: count }, () => Array.from({ length: DIMENSIONS }, next));
}

const STORED = vectors(DOCUMENTS, 1);
const ASKED = vectors(QUESTIONS, 2);
const questionOf = (i: number): string => `neighbours of vector ${i}`;

/** Ids of the nearest by cosine, nearest first, by looking at every one. */
export function nearest(
  to: readonly number[],
  among: readonly (readonly number[])[],
  count: number,
): string[] {
  const scored = among.map((vector, id) => ({ id: String(id), score: cosine(to, vector) }));
  return scored
    .sort((one, other) => other.score - one.score)
    .slice(0, count)
    .map(({ id }) => id);
}

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
}

/**
 * A kNN search over an HNSW graph that every copy has built for itself. As many candidates as there are documents are looked at, so that
 * the right answer is one and copies do not differ by chance.
 */
export const vectorQuery: StoreQuery = {
  prepare,
  ask: askAll,
  remove: ({ connection }, bounds) => remove(servicePlace(connection), bounds),
};

async function remove(place: Place, bounds: Bounds): Promise<void> {
  await ask(place, { path: `/${VECTOR_INDEX}?ignore_unavailable=true`, method: 'DELETE' }, bounds);
}

async function prepare(
  target: StoreTarget,
  bounds: Bounds,
): Promise<Awaited<ReturnType<StoreQuery['prepare']>>> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ ...bounds, deadlineMs: Math.max(1, end - monoMs()) });
  const place = servicePlace(target.connection);
  const path = `/${VECTOR_INDEX}`;
  await remove(place, left());
  const { replicas } = declaredOf(target.connection);
  await make(place, replicas, left());
  for (let from = 0; from < DOCUMENTS; from += AT_ONCE) await store(place, from, left());
  await ask(place, { path: `${path}/_refresh`, method: 'POST' }, left());
  await waitGreen(place, VECTOR_INDEX, { ...left(), deadlineMs: Math.min(GREEN_MS, left().deadlineMs) });
  const view = await localView(place, left(), VECTOR_INDEX);
  return {
    leader: primaryOf(view)?.node ?? null,
    expected: ASKED.map((vector, i) => ({
      question: questionOf(i),
      answer: nearest(vector, STORED, NEIGHBOURS),
    })),
  };
}

async function make(place: Place, replicas: number, bounds: Bounds): Promise<void> {
  const { settings: own, field } = VECTORS[place.product];
  const { indexSettings } = DIALECTS[place.product];
  const settings = { ...indexSettings, ...own, number_of_shards: 1, number_of_replicas: replicas };
  const body = { settings, mappings: { dynamic: 'strict', properties: { vector: field } } };
  const path = `/${VECTOR_INDEX}?wait_for_active_shards=all`;
  try {
    await ask(place, { path, method: 'PUT', body }, bounds);
  } catch (cause) {
    if (!isWithoutKnn(cause)) throw cause;
    throw new Error(`${place.who} has no kNN search: its plugin opensearch-knn is not installed`, { cause });
  }
}

/** The setting `index.knn` comes with the plugin. */
function isWithoutKnn(error: unknown): boolean {
  return error instanceof ElasticsearchRefusal && /unknown setting \[index\.knn\]/.test(error.message);
}

async function store(place: Place, from: number, bounds: Bounds): Promise<void> {
  const some = STORED.slice(from, from + AT_ONCE);
  await Promise.all(
    some.map((vector, i) =>
      ask(place, { path: `/${VECTOR_INDEX}/_doc/${from + i}`, method: 'PUT', body: { vector } }, bounds),
    ),
  );
}

async function askAll(
  target: StoreTarget,
  of: 'clients' | 'members',
  bounds: Bounds,
): Promise<QueryAnswer[]> {
  const places =
    of === 'clients'
      ? [{ source: 'clients', at: { place: servicePlace(target.connection), only: '' } }]
      : await copies(target, bounds);
  const answers: QueryAnswer[] = [];
  for (const { source, at } of places)
    for (const [i, vector] of ASKED.entries())
      answers.push({ source, question: questionOf(i), answer: await neighbours(at, vector, bounds) });
  return answers;
}

interface At {
  place: Place;
  /** Narrows the search to one node's copy; empty: whichever. */
  only: string;
}

/** Every copy, asked at its own node. @throws Error when a member holds none */
async function copies(target: StoreTarget, bounds: Bounds): Promise<{ source: string; at: At }[]> {
  const members = await target.members();
  const view = await ledView(target, members, bounds, VECTOR_INDEX);
  if (view.copies === null)
    return [{ source: 'no copy', at: { place: servicePlace(target.connection), only: '' } }];
  return view.copies.map((copy) => {
    const member = members.find(({ name }) => name === copy.node);
    if (member === undefined || copy.state !== 'STARTED')
      throw new Error(`a copy of ${VECTOR_INDEX} is ${copy.state} on ${copy.node ?? 'no node'}`);
    return {
      source: member.name,
      at: { place: memberPlace(target, member), only: `_only_nodes:${copy.nodeId ?? ''}` },
    };
  });
}

interface Found {
  timed_out: boolean;
  _shards: { total: number; successful: number; failed: number };
  hits: { hits: { _id: string }[] };
}

async function neighbours({ place, only }: At, vector: readonly number[], bounds: Bounds): Promise<string[]> {
  const preference = only === '' ? '' : `&preference=${only}`;
  const path = `/${VECTOR_INDEX}/_search?allow_partial_search_results=false${preference}`;
  const body = { ...VECTORS[place.product].search(vector), _source: false, size: NEIGHBOURS };
  try {
    const found = await ask<Found>(place, { path, method: 'POST', body }, bounds);
    const { timed_out: timedOut, _shards: shards } = found;
    if (timedOut || shards.failed > 0 || shards.successful < shards.total)
      throw new Error(
        `${place.who}: ${shards.successful} of ${shards.total} shards answered, timed out: ${timedOut}`,
      );
    return found.hits.hits.map(({ _id: id }) => id);
  } catch (error) {
    // The data is gone: that is an answer.
    if (error instanceof ElasticsearchRefusal && error.type === 'index_not_found_exception') return [];
    throw error;
  }
}
