import { z } from 'zod';
import type { LogFields } from '../signals/declaration.ts';
import { shapedAs, SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import type { LogProbe, LogRecord, LogSearch } from './probe.ts';

/** Elasticsearch refuses to hand out more at once (index.max_result_window). */
const MOST_HITS = 10_000;

/** Wall clock ms; the end is not in it. */
interface Span {
  fromMs: number;
  toMs: number;
}

interface Budget {
  search: LogSearch;
  /** Records that may still come, over all parts of the time. */
  left: number;
}

/** Search API of Elasticsearch 9 (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search). */
const answer = z.object({
  timed_out: z.boolean(),
  _shards: z.object({ total: z.number(), successful: z.number(), failed: z.number() }),
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
type Hit = z.infer<typeof answer>['hits']['hits'][number];

export interface ElasticsearchLogs {
  address: SignalAddress;
  /** Index pattern. */
  index: string;
  fields: LogFields;
}

/** Logs in Elasticsearch, or in what speaks its search API. Names of indices and fields are the environment's. */
export class ElasticsearchLogProbe implements LogProbe {
  readonly kind = 'elasticsearch';
  readonly #client: SignalClient;
  readonly #index: string;
  readonly #fields: LogFields;

  constructor({ address, index, fields }: ElasticsearchLogs) {
    this.#client = new SignalClient(address);
    this.#index = index;
    this.#fields = fields;
  }

  close(): void {
    this.#client.close();
  }

  search(search: LogSearch, bounds: SignalBounds): Promise<LogRecord[]> {
    const span = { fromMs: Math.floor(search.fromMs), toMs: Math.ceil(search.toMs) + 1 };
    return this.#between({ search, left: search.most }, span, bounds);
  }

  /** If more records match than one answer may hold, each half of the time is queried by itself. @param span `toMs` is not in it */
  async #between(budget: Budget, span: Span, bounds: SignalBounds): Promise<LogRecord[]> {
    const { search } = budget;
    const hits = await this.#ask(search, span, bounds);
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
      return hits.map((hit) => this.#record(hit));
    }
    const first = await this.#between(budget, { ...span, toMs: middleMs }, bounds);
    const second = await this.#between(budget, { ...span, fromMs: middleMs }, bounds);
    return [...first, ...second];
  }

  async #ask(search: LogSearch, span: Span, bounds: SignalBounds): Promise<Hit[]> {
    const path = `/${encodeURIComponent(this.#index)}/_search?ignore_unavailable=true&allow_no_indices=true`;
    const body = {
      size: MOST_HITS,
      track_total_hits: false,
      query: { bool: { filter: this.#filters(search, span) } },
      _source: Object.values(this.#fields),
      sort: [{ [this.#fields.time]: { order: 'asc', unmapped_type: 'date' } }],
    };
    const { data } = await this.#client.json({ path, method: 'POST', body }, bounds);
    const {
      hits,
      timed_out: timedOut,
      _shards: shards,
    } = shapedAs(answer, data, `${this.#client.url}${path}`);
    if (timedOut || shards.failed > 0)
      throw new SignalError(
        `${this.#client.url}: the answer is partial: ${shards.failed} of ${shards.total} shards failed${timedOut ? ', timed out' : ''}`,
        { reason: 'failed' },
      );
    return hits.hits;
  }

  #filters({ correlationId, pod }: LogSearch, { fromMs, toMs }: Span): unknown[] {
    const { time, correlationId: correlationField, namespace, pod: podField } = this.#fields;
    const range = { gte: fromMs, lt: toMs, format: 'epoch_millis' };
    return [
      { range: { [time]: range } },
      ...(correlationId === undefined ? [] : [{ prefix: { [correlationField]: correlationId } }]),
      ...(pod === undefined
        ? []
        : [{ term: { [namespace]: pod.namespace } }, { term: { [podField]: pod.name } }]),
    ];
  }

  #record({ _index: index, _id: id, _source: source }: Hit): LogRecord {
    const of = (name: string): unknown => fieldOf(source, name);
    const text = (name: string): string => textOf(of(name));
    const { time, message, service, traceId, correlationId, number, node, namespace, pod } = this.#fields;
    return {
      id: `${index}/${id}`,
      timeMs: timeOf(of(time)),
      message: text(message),
      service: text(service),
      traceId: text(traceId),
      correlationId: text(correlationId),
      number: numberOf(of(number)),
      node: text(node),
      namespace: text(namespace),
      pod: text(pod),
    };
  }
}

/** A field by its name: as one key with dots, or step by step into objects. */
export function fieldOf(source: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(source, name)) return source[name];
  let at: unknown = source;
  for (const step of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A date as text, or ms since 1970; NaN for what is neither. */
function timeOf(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function numberOf(value: unknown): number | null {
  if (value === undefined || value === null || value === '') return null;
  const number = Number(value);
  return Number.isInteger(number) ? number : null;
}
