import type { AiSettings } from './declaration.ts';
import { monoMs } from '../../host/clock.ts';
import { ask, servicePlace } from '../elasticsearch/api.ts';
import { ElasticsearchRefusal } from '../elasticsearch/errors.ts';
import { queryOnce } from '../neo4j/query.ts';
import type { Bounds, StoreConnection } from '../store/store-driver.ts';

/** How often each tender is in a store, by its id; what is not there has no entry. */
export type Counts = ReadonlyMap<string, number>;
type Names = AiSettings['effects'];

/** Well below the number of terms that Elasticsearch takes in one search (65,536) and of documents that it lists (10,000). */
const BATCH = 1_000;

interface Found {
  timed_out: boolean;
  _shards: { total: number; successful: number; failed: number };
  hits?: { hits: { _id: string }[] };
  aggregations?: { ids: { buckets: { key: string | number; doc_count: number }[] } };
}

/**
 * A document that is named after its tender cannot occur twice in one index: such documents are listed. Others are counted by their id
 * field.
 */
function searchFor(field: string, ids: readonly string[]): Record<string, unknown> {
  if (field === '_id') return { size: ids.length, _source: false, query: { ids: { values: ids } } };
  return {
    size: 0,
    query: { terms: { [field]: ids } },
    aggs: { ids: { terms: { field, size: ids.length } } },
  };
}

function countsIn({ hits, aggregations }: Found): [id: string, count: number][] {
  if (aggregations !== undefined)
    return aggregations.ids.buckets.map(({ key, doc_count: count }) => [String(key), count]);
  return (hits?.hits ?? []).map(({ _id: id }) => [id, 1]);
}

/**
 * Counts vectors of tenders in Elasticsearch by tender id, after a refresh: without it those of the last second would be missing.
 * @throws Error when it cannot be read whole
 */
export async function vectorCounts(
  connection: StoreConnection,
  { index, field }: Names,
  ids: readonly string[],
  bounds: Bounds,
): Promise<Counts> {
  const place = servicePlace(connection);
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ ...bounds, deadlineMs: Math.max(1, end - monoMs()) });
  const counts = new Map<string, number>();
  try {
    await ask(place, { path: `/${index}/_refresh`, method: 'POST' }, left());
    for (const some of batches(ids)) {
      const body = searchFor(field, some);
      const path = `/${index}/_search?allow_partial_search_results=false`;
      const found = await ask<Found>(place, { path, method: 'POST', body }, left());
      const { timed_out: timedOut, _shards: shards } = found;
      if (timedOut || shards.failed > 0 || shards.successful < shards.total)
        throw new Error(
          `${shards.successful} of ${shards.total} shards answered, timed out: ${String(timedOut)}`,
        );
      for (const [id, count] of countsIn(found)) counts.set(id, count);
    }
  } catch (error) {
    // No document was ever written: that is an answer.
    if (error instanceof ElasticsearchRefusal && error.type === 'index_not_found_exception') return new Map();
    throw error;
  }
  return counts;
}

/**
 * Nodes of tenders in Neo4j, counted by their id, whatever type it has there.
 * @throws Error when it cannot be read
 */
export async function nodeCounts(
  connection: StoreConnection,
  { label, property }: Names,
  ids: readonly string[],
  bounds: Bounds,
): Promise<Counts> {
  const end = monoMs() + bounds.deadlineMs;
  const counts = new Map<string, number>();
  const name = `t.\`${property}\``;
  const query = `MATCH (t:\`${label}\`) WHERE ${name} IN $ids OR ${name} IN $numbers RETURN toString(${name}) AS id, count(t) AS count`;
  for (const some of batches(ids)) {
    const parameters = { ids: some, numbers: some.map(Number).filter(Number.isSafeInteger) };
    const left = { ...bounds, deadlineMs: Math.max(1, end - monoMs()) };
    const rows = await queryOnce<{ id: string; count: number }>(connection, { query, parameters }, left);
    for (const { id, count } of rows) counts.set(id, (counts.get(id) ?? 0) + count);
  }
  return counts;
}

function batches(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
}
