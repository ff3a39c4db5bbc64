/** Under which names a store that speaks Elasticsearch's API is searched: its mapping says which fields are kept whole, and which are cut into words. */
import { z } from 'zod';
import { shapedAs, SignalError } from '../signals/index.ts';
import type { SignalBounds, SignalClient } from '../signals/index.ts';
import { listed } from './absent.ts';
import { keyOf } from './fields.ts';
import type { LogField, LogFields, QueriedField } from './fields.ts';

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
/** Objects whose leaves are such values, without fields of their own (Elasticsearch, OpenSearch). */
const WHOLE_BELOW = ['flattened', 'flat_object'];
const WORDS = ['text', 'match_only_text'];
const TIMES = ['date', 'date_nanos'];

/** The mapping of new indices may differ, such as that of the next day. */
const FRESH_MS = 60_000;

/** What is wrong, and whether it may come right by itself. */
type Unfit = [message: string, reason: 'absent' | 'failed'];

/** Names for a query: usually one; several where indices differ. */
export type QueryNames = Readonly<Record<QueriedField, readonly string[]>>;

export class Mapping {
  readonly #client: SignalClient;
  readonly #index: string;
  readonly #fields: LogFields;
  readonly #known = new Map<QueriedField, { names: readonly string[]; atMs: number }>();

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
    const entries = of.map((one) => [one, this.#known.get(one)?.names ?? []]);
    return Object.fromEntries(entries) as QueryNames;
  }

  async #read(of: readonly QueriedField[], since: number, bounds: SignalBounds): Promise<void> {
    const asked = of.flatMap((one) => wantedOf(this.#fields[one]));
    const young = await this.#ask(asked, { since, bounds });
    // An index without the field of time has nothing young: then all are looked at, to say what is there.
    const found = young.indices.length > 0 ? young : await this.#ask(asked, { bounds });
    if (found.indices.length === 0) throw this.#unfit(...(await this.#noIndex(bounds)));
    const atMs = performance.now();
    for (const one of of) {
      const field = this.#fields[one];
      const { names, out } = usable(field, one === 'time' ? TIMES : WHOLE, found);
      if (names.length === 0 || out.length > 0)
        throw this.#unfit(...(await this.#why(one, { found, out }, bounds)));
      this.#known.set(one, { names, atMs });
    }
  }

  async #ask(
    fields: readonly string[],
    { since, bounds, index = this.#index }: { since?: number; bounds: SignalBounds; index?: string },
  ): Promise<Capabilities> {
    const wanted = encodeURIComponent([...new Set(fields)].join(','));
    const path = `/${encodeURIComponent(index)}/_field_caps?ignore_unavailable=true&allow_no_indices=true&include_unmapped=true&fields=${wanted}`;
    const time = this.#fields.time.query ?? this.#fields.time.source;
    const range = { gte: Math.floor(since ?? 0), format: 'epoch_millis' };
    const body = since !== undefined && { body: { index_filter: { range: { [time]: range } } } };
    const { data } = await this.#client.json({ path, method: 'POST', ...body }, bounds);
    return shapedAs(answer, data, `${this.#client.url}/${index}/_field_caps`);
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

  /** @param of.out indices in which the field cannot be searched */
  async #why(
    one: QueriedField,
    { found, out }: { found: Capabilities; out: readonly string[] },
    bounds: SignalBounds,
  ): Promise<Unfit> {
    const { source, query } = this.#fields[one];
    const name = query ?? source;
    const key = keyOf(one, query === null ? 'source' : 'query');
    const types = typesOf(found, name)
      .filter(({ indices }) => indices.some((index) => out.includes(index)))
      .map(({ type }) => type);
    const wants = one === 'time' ? 'a date' : 'a field that is kept whole (keyword)';
    if (types.length === 0) {
      const there = await this.#there(name, bounds);
      // A mapping that grows with what comes has it from the first record on.
      const reason = one === 'correlationId' || one === 'traceId' ? 'absent' : 'failed';
      return [`no field \`${name}\` (${key}) in ${this.#index}; there is ${there}`, reason];
    }
    const below = Object.keys(found.fields).filter((other) => other.startsWith(`${name}.`));
    const beside = below.length === 0 ? '' : `; below it there is ${listed(below)}`;
    const advice = one === 'time' ? '' : `, which ${keyOf(one, 'query')} would name`;
    return [
      `\`${name}\` (${key}) of ${listed(out)} is ${types.join(' and ')}, and searching it takes ${wants}${advice}${beside}`,
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

/** The field itself, what stands below it, and the objects that it stands in. */
function wantedOf({ source, query }: LogField): string[] {
  const name = query ?? source;
  return [name, `${name}.*`, ...objectsAbove(name)];
}

/** `a` and `a.b` of `a.b.c` */
function objectsAbove(name: string): string[] {
  const steps = name.split('.');
  return steps.slice(1).map((_, at) => steps.slice(0, at + 1).join('.'));
}

interface Usable {
  names: readonly string[];
  /** Indices that have the field, and in which none of the names can be searched. */
  out: readonly string[];
}

function usable({ source, query }: LogField, types: readonly string[], found: Capabilities): Usable {
  const name = query ?? source;
  const fits = (other: string, of = types): readonly string[] =>
    typesOf(found, other)
      .filter(({ type, searchable }) => searchable && of.includes(type))
      .flatMap(({ indices }) => indices);
  if (types === WHOLE && objectsAbove(name).some((one) => fits(one, WHOLE_BELOW).length > 0))
    return { names: [name], out: [] };
  const names = fits(name).length > 0 ? [name] : [];
  if (query === null && fits(name, WORDS).length > 0) {
    // A multi-field: the same text, kept whole beside its words. Dynamic mappings call it `keyword`.
    const beside = childrenOf(found, name).filter((other) => fits(other).length > 0);
    names.push(...beside.toSorted((a, b) => Number(isUsual(b)) - Number(isUsual(a))).slice(0, 1));
  }
  const within = new Set(names.flatMap((one) => fits(one)));
  const mapped = typesOf(found, name).flatMap(({ indices }) => indices);
  return { names, out: [...new Set(mapped)].filter((index) => !within.has(index)) };
}

const isUsual = (name: string): boolean => name.endsWith('.keyword');

/** Names one step below another. */
function childrenOf({ fields }: Capabilities, name: string): string[] {
  const start = `${name}.`;
  return Object.keys(fields).filter(
    (other) => other.startsWith(start) && !other.slice(start.length).includes('.'),
  );
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
