/** Under which names a store that speaks Elasticsearch's API is searched: its mapping says which fields are kept whole, and which are cut into words. */
import { z } from 'zod';
import { SignalError } from '../signals/index.ts';
import type { SignalBounds, SignalClient } from '../signals/index.ts';
import { listed } from './absent.ts';
import { keyOf } from './fields.ts';
import type { LogFields, QueriedField } from './fields.ts';

/**
 * Field capabilities API of Elasticsearch 9 (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-field-caps) and of
 * OpenSearch 3 (https://docs.opensearch.org/latest/api-reference/search-apis/field-caps/): types by field, where they differ with the
 * indices of each. It needs no right but that to read.
 */
const answer = z.object({
  indices: z.array(z.string()),
  fields: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        type: z.string(),
        searchable: z.boolean(),
        metadata_field: z.boolean().optional(),
        /** Where types differ: the indices that have this one. */
        indices: z.array(z.string()).nullish(),
      }),
    ),
  ),
});
type Capabilities = z.infer<typeof answer>;
/** What `include_unmapped` says of indices that do not have a field at all: nothing in them has it. */
const UNMAPPED = 'unmapped';

/** Types whose values are compared whole, so that `term` and `prefix` mean what they say. */
const WHOLE = ['keyword', 'constant_keyword', 'wildcard'];
const TIMES = ['date', 'date_nanos'];

/** The mapping of new indices may differ, such as that of the next day. */
const FRESH_MS = 60_000;

/** What is wrong, and whether it may come right by itself. */
type Unfit = [message: string, reason: 'absent' | 'failed'];

/** Names for a query. */
export type QueryNames = Readonly<Record<QueriedField, string>>;

/** A field is searched by its name, else by the multi-field `.keyword` that dynamic mappings give a text, in all indices alike. */
export class Mapping {
  readonly #client: SignalClient;
  readonly #index: string;
  readonly #fields: LogFields;
  readonly #known = new Map<QueriedField, { name: string; atMs: number }>();

  constructor(client: SignalClient, of: { index: string; fields: LogFields }) {
    this.#client = client;
    this.#index = of.index;
    this.#fields = of.fields;
  }

  /**
   * @param since wall clock ms: indices that hold nothing younger do not count
   * @throws SignalError that names the field, and what is there instead
   */
  async names(of: readonly QueriedField[], since: number, bounds: SignalBounds): Promise<QueryNames> {
    const now = performance.now();
    const stale = of.filter((one) => now - (this.#known.get(one)?.atMs ?? -Infinity) > FRESH_MS);
    if (stale.length > 0) await this.#read(stale, since, bounds);
    return Object.fromEntries(of.map((one) => [one, this.#known.get(one)?.name])) as QueryNames;
  }

  async #read(of: readonly QueriedField[], since: number, bounds: SignalBounds): Promise<void> {
    const asked = of.flatMap((one) => this.#candidates(one));
    const young = await this.#ask(asked, { since, bounds });
    // An index without the field of time has nothing young: then all are looked at, to say what is there.
    const found = young.indices.length > 0 ? young : await this.#ask(asked, { bounds });
    if (found.indices.length === 0) throw this.#unfit(...(await this.#noIndex(bounds)));
    const atMs = performance.now();
    for (const one of of) {
      const name = usable(this.#candidates(one), one === 'time' ? TIMES : WHOLE, found);
      if (name === undefined) throw this.#unfit(...(await this.#why(one, found, bounds)));
      this.#known.set(one, { name, atMs });
    }
  }

  /** Names that a field may be searched by, in this order. */
  #candidates(of: QueriedField): string[] {
    const { source, query } = this.#fields[of];
    const name = query ?? source;
    return of === 'time' ? [name] : [name, `${name}.keyword`];
  }

  async #ask(
    fields: readonly string[],
    { since, bounds, index = this.#index }: { since?: number; bounds: SignalBounds; index?: string },
  ): Promise<Capabilities> {
    const wanted = encodeURIComponent([...new Set(fields)].join(','));
    const path = `/${encodeURIComponent(index)}/_field_caps?ignore_unavailable=true&allow_no_indices=true&include_unmapped=true&fields=${wanted}`;
    const [time = ''] = this.#candidates('time');
    const range = { gte: Math.floor(since ?? 0), format: 'epoch_millis' };
    const body = since !== undefined && { body: { index_filter: { range: { [time]: range } } } };
    return this.#client.get(answer, { path, method: 'POST', ...body }, bounds);
  }

  /** What there is instead, as far as this account may see it. */
  async #noIndex(bounds: SignalBounds): Promise<Unfit> {
    const said = `no index is called ${this.#index} (telemetry.logs.index)`;
    try {
      const { indices } = await this.#ask([this.#fields.time.source], { bounds, index: '*' });
      if (indices.length === 0) return [`${said}, and there is no other that this account sees`, 'absent'];
      return [`${said}; there is ${listed(indices)}`, 'failed'];
    } catch (error) {
      if (error instanceof SignalError) return [said, 'failed'];
      throw error;
    }
  }

  async #why(one: QueriedField, found: Capabilities, bounds: SignalBounds): Promise<Unfit> {
    const candidates = this.#candidates(one);
    const [name = ''] = candidates;
    const key = keyOf(one, this.#fields[one].query === null ? 'source' : 'query');
    if (typesOf(found, name).length === 0) {
      // A mapping that grows with what comes has it from the first record on.
      const reason = one === 'correlationId' || one === 'traceId' ? 'absent' : 'failed';
      return [
        `no field \`${name}\` (${key}) in ${this.#index}; there is ${await this.#there(name, bounds)}`,
        reason,
      ];
    }
    const wants = one === 'time' ? 'a date' : 'a field that is kept whole (keyword)';
    const seen = candidates.map((other) => `\`${other}\` is ${typesText(found, other)}`);
    return [
      `searching ${key} takes ${wants}, under one name in all indices that have it; ${seen.join('; ')}`,
      'failed',
    ];
  }

  /** Names that are there, those first that look like the wanted one. */
  async #there(wanted: string, bounds: SignalBounds): Promise<string> {
    const { fields } = await this.#ask(['*'], { bounds });
    const names = Object.entries(fields)
      .filter(([, types]) =>
        Object.values(types).some((one) => one.searchable && one.metadata_field !== true),
      )
      .map(([name]) => name);
    const last = wanted.split('.').at(-1) ?? wanted;
    const like = (name: string): number => Number(name.includes(last));
    return listed(names.toSorted((a, b) => like(b) - like(a)));
  }

  #unfit(message: Unfit[0], reason: Unfit[1]): SignalError {
    return new SignalError(`${this.#client.url}: ${message}`, { reason });
  }
}

/** The first of the names by which the field can be searched in every index that has it. */
function usable(
  candidates: readonly string[],
  types: readonly string[],
  found: Capabilities,
): string | undefined {
  const having = typesOf(found, candidates[0] ?? '').flatMap(({ indices }) => indices);
  return candidates.find((name) => {
    const fitting = typesOf(found, name).filter(({ type, searchable }) => searchable && types.includes(type));
    const within = new Set(fitting.flatMap(({ indices }) => indices));
    return having.length > 0 && having.every((index) => within.has(index));
  });
}

function typesText(found: Capabilities, name: string): string {
  const types = typesOf(found, name).map(({ type, searchable, indices }) => {
    const hidden = searchable ? '' : ' that is not searchable';
    return `${type}${hidden}${indices.length < found.indices.length ? ` in ${listed(indices)}` : ''}`;
  });
  return types.length === 0 ? 'not there' : types.join(' and ');
}

/** The types that a field has, each with its indices. */
function typesOf(
  { fields, indices: every }: Capabilities,
  name: string,
): { type: string; searchable: boolean; indices: readonly string[] }[] {
  return Object.values(fields[name] ?? {})
    .filter(({ type }) => type !== UNMAPPED)
    .map(({ type, searchable, indices }) => ({ type, searchable, indices: indices ?? every }));
}
