import { z } from 'zod';
import { SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import { absentText, searchedId, valueTest } from './absent.ts';
import { fieldOf, leavesOf, textOf } from './fields.ts';
import type { FieldName, LogFields, QueriedField } from './fields.ts';
import type { LogKind } from './kind.ts';
import { Mapping } from './mapping.ts';
import type { QueryNames } from './mapping.ts';
import type { LogProbe, LogRecord, LogSearch } from './probe.ts';
import { namedIn } from './record.ts';

/** Elasticsearch refuses to hand out more at once (index.max_result_window). */
const MOST_HITS = 10_000;

/** Wall clock ms; the end is not in it. */
interface Span {
  fromMs: number;
  toMs: number;
}

interface Budget {
  search: LogSearch;
  names: QueryNames;
  /** Records that may still come, over all parts of the time. */
  left: number;
}

/** Search API of Elasticsearch 9 (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search). */
const answer = z.object({
  timed_out: z.boolean(),
  _shards: z.object({ total: z.number(), successful: z.number(), failed: z.number() }),
  /** Only where the index pattern names remote clusters. Older servers, and OpenSearch, count no partial and no failed ones. */
  _clusters: z
    .object({
      total: z.number(),
      skipped: z.number().default(0),
      partial: z.number().default(0),
      failed: z.number().default(0),
    })
    .optional(),
  hits: z.object({
    hits: z.array(
      z.object({
        _index: z.string(),
        _id: z.string(),
        _source: z.record(z.string(), z.unknown()).default({}),
      }),
    ),
  }),
});
type Answer = z.infer<typeof answer>;
type Hit = Answer['hits']['hits'][number];

/** A shard that is not there makes it an error, and not an answer without its records. */
const WHOLE = 'ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false';

interface ElasticsearchLogs {
  kind: string;
  address: SignalAddress;
  index: string;
  fields: LogFields;
}

/** Logs in Elasticsearch, or in what speaks its search API. Names of indices and fields are the environment's. */
class ElasticsearchLogProbe implements LogProbe {
  readonly kind: string;
  readonly #client: SignalClient;
  readonly #index: string;
  readonly #fields: LogFields;
  readonly #mapping: Mapping;

  constructor({ kind, address, index, fields }: ElasticsearchLogs) {
    this.kind = kind;
    this.#client = new SignalClient(address);
    this.#index = index;
    this.#fields = fields;
    this.#mapping = new Mapping(this.#client, { index, fields });
  }

  close(): void {
    this.#client.close();
  }

  async search(search: LogSearch, bounds: SignalBounds): Promise<LogRecord[]> {
    const span = spanOf(search);
    const names = await this.#names(search, bounds);
    const hits = await this.#between({ search, names, left: search.most }, span, bounds);
    for (const field of needed(search)) {
      if (hits.length === 0 || hits.some((hit) => this.#of(hit, field) !== undefined)) continue;
      const absence = await this.absence(field, search, bounds);
      if (absence !== null) throw absence;
    }
    const records = hits.map((hit) => this.#record(hit));
    const [first] = hits;
    if (first !== undefined && records.every(({ timeMs }) => Number.isNaN(timeMs)))
      throw new SignalError(
        `${this.#client.url}: ${this.#fields.time.source} is ${JSON.stringify(this.#of(first, 'time'))}, which is no time that can be read`,
        { reason: 'absent' },
      );
    return records;
  }

  async absence(of: FieldName, search: LogSearch, bounds: SignalBounds): Promise<SignalError | null> {
    const names = await this.#names(search, bounds);
    const [hit] = await this.#ask({ search, names, left: 1 }, spanOf(search), bounds, {
      size: 1,
      _source: true,
    });
    const isIt = valueTest(of, search);
    const leaves = leavesOf(hit?._source ?? {});
    const text = absentText(of, this.#fields[of], { leaves, ...(isIt !== null && { isIt }) });
    return text === null ? null : new SignalError(`${this.#client.url}: ${text}`, { reason: 'absent' });
  }

  #names(search: LogSearch, bounds: SignalBounds): Promise<QueryNames> {
    const queried: QueriedField[] = ['time'];
    const id = searchedId(search);
    if (id !== null) queried.push(id.field);
    if (search.pod !== undefined) queried.push('namespace', 'pod');
    return this.#mapping.names(queried, search.fromMs, bounds);
  }

  /** If more records match than one answer may hold, each half of the time is queried by itself. @param span `toMs` is not in it */
  async #between(budget: Budget, span: Span, bounds: SignalBounds): Promise<Hit[]> {
    const { search } = budget;
    const hits = await this.#ask(budget, span, bounds);
    const middleMs = Math.floor((span.fromMs + span.toMs) / 2);
    const whole = hits.length < MOST_HITS;
    if (hits.length > budget.left || (!whole && middleMs === span.fromMs))
      throw new SignalError(
        `${this.#client.url}: more records match than the expected maximum of ${search.most}`,
        {
          reason: 'failed',
        },
      );
    if (whole) {
      budget.left -= hits.length;
      return hits;
    }
    const first = await this.#between(budget, { ...span, toMs: middleMs }, bounds);
    const second = await this.#between(budget, { ...span, fromMs: middleMs }, bounds);
    return [...first, ...second];
  }

  async #ask(
    { search, names }: Budget,
    span: Span,
    bounds: SignalBounds,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Hit[]> {
    const path = `/${encodeURIComponent(this.#index)}/_search?${WHOLE}`;
    const body = {
      size: MOST_HITS,
      track_total_hits: false,
      query: { bool: { filter: filters(search, names, span) } },
      _source: Object.values(this.#fields).map(({ source }) => source),
      sort: [{ [names.time]: { order: 'asc', unmapped_type: 'date' } }],
      ...more,
    };
    const found = await this.#client.get(answer, { path, method: 'POST', body }, bounds);
    const missing = missingOf(found);
    if (missing.length > 0)
      throw new SignalError(`${this.#client.url}: the answer is partial: ${missing.join(', ')}`, {
        reason: 'failed',
      });
    return found.hits.hits;
  }

  #of({ _source: source }: Hit, name: FieldName): unknown {
    return fieldOf(source, this.#fields[name].source);
  }

  #record(hit: Hit): LogRecord {
    return {
      id: `${hit._index}/${hit._id}`,
      timeMs: timeOf(this.#of(hit, 'time')),
      message: textOf(this.#of(hit, 'message')),
      ...namedIn((field) => this.#of(hit, field)),
    };
  }
}

/** Parts of the data that an answer leaves out; none: it is whole. A remote cluster that does not answer is skipped by default. */
function missingOf({ timed_out: timedOut, _shards: shards, _clusters: clusters }: Answer): string[] {
  const of = (count: number, what: string): string[] => (count > 0 ? [what] : []);
  // OpenSearch, and Elasticsearch before 7.11, count shards without any copy neither as failed nor as successful. Skipped ones are successful.
  const absent = shards.total - shards.successful - shards.failed;
  return [
    ...of(shards.failed, `${shards.failed} of ${shards.total} shards failed`),
    ...of(absent, `${absent} of ${shards.total} shards not available`),
    ...(clusters === undefined
      ? []
      : (['skipped', 'partial', 'failed'] as const).flatMap((state) =>
          of(clusters[state], `${clusters[state]} of ${clusters.total} clusters ${state}`),
        )),
    ...(timedOut ? ['timed out'] : []),
  ];
}

/** The end is in a search, and not in a span. */
function spanOf({ fromMs, toMs }: LogSearch): Span {
  return { fromMs: Math.floor(fromMs), toMs: Math.ceil(toMs) + 1 };
}

/** What a search is read by: without it, what was found would be taken for lost. */
function needed(search: LogSearch): FieldName[] {
  const by: FieldName[] = ['time'];
  const id = searchedId(search);
  if (id !== null) by.push(id.field);
  if (search.pod !== undefined) by.push('message');
  return by;
}

function filters(search: LogSearch, names: QueryNames, { fromMs, toMs }: Span): unknown[] {
  const { pod } = search;
  const id = searchedId(search);
  const range = { gte: fromMs, lt: toMs, format: 'epoch_millis' };
  return [
    { range: { [names.time]: range } },
    ...(id === null ? [] : [{ prefix: { [names[id.field]]: id.begin } }]),
    ...(pod === undefined
      ? []
      : [{ term: { [names.namespace]: pod.namespace } }, { term: { [names.pod]: pod.name } }]),
  ];
}

/** A date as text, or ms since 1970, as a number or, as the OpenTelemetry Collector writes it, as text; NaN for what is neither. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value);
}

/** What a product that speaks Elasticsearch's search API is, by its names. */
export function searchKind(of: Pick<LogKind, 'kind' | 'label' | 'metWith'>): LogKind {
  return {
    ...of,
    probe: (settings) => new ElasticsearchLogProbe({ kind: of.kind, ...settings }),
  };
}

export const elasticsearch = searchKind({ kind: 'elasticsearch', label: 'Elasticsearch', metWith: '9.5' });
