import { createHash } from 'node:crypto';
import { z } from 'zod';
import { shapedAs, SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import { tenant as tenantKey, withTenant } from '../signals/kinds.ts';
import { absentText, listed, searchedId, valueTest } from './absent.ts';
import { DEFAULTS, fieldOf, leavesOf, objectIn, textOf } from './fields.ts';
import type { FieldName, LogFields, QueriedField } from './fields.ts';
import type { LogKind } from './kind.ts';
import type { LogProbe, LogRecord, LogSearch } from './probe.ts';
import { namedIn } from './record.ts';

/**
 * HTTP API of Grafana Loki 3 (docs/sources/reference/loki-http-api.md of its repository, August 2026): `query_range` answers streams, each
 * with its labels and its lines; `labels` names the labels of a tenant's streams. Structured metadata stand among the labels of an answer;
 * they are not among `labels`, and a stream selector does not find them, but a label filter does (docs/sources/query/log_queries).
 */
const streams = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('streams'),
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        /** Time in ns since 1970, as text; the line. */
        values: z.array(z.tuple([z.string(), z.string()]).rest(z.unknown())),
      }),
    ),
  }),
  warnings: z.array(z.string()).optional(),
});
const labels = z.object({ status: z.literal('success'), data: z.array(z.string()).nullish() });

/** `max_entries_limit_per_query` of a server that declares nothing. */
const MOST_ENTRIES = 5_000;
/** `limit` above what the server allows: pkg/util/validation/validate.go, ErrMaxEntriesLimit. */
const TOO_MANY = /max entries limit per query exceeded.*\(\d+ > (\d+)\)/;

const NS_PER_MS = 1_000_000n;
/** Labels of a tenant that have come since then count. */
const LABELS_MS = 3_600_000;

const own = {
  tenant: tenantKey,
  selector: z
    .string()
    .regex(/^\{.+\}$/s, 'a stream selector in braces')
    .optional()
    .describe(
      'the LogQL selector of the streams in which lines are looked for; default: all that have the label of the namespace',
    ),
};
const settings = z.object(own);

interface Entry {
  labels: Readonly<Record<string, string>>;
  ns: bigint;
  line: string;
  /** The line as an object; empty where it is no JSON. */
  said: Readonly<Record<string, unknown>>;
}

/** Wall clock ns; the end is not in it. */
interface Span {
  fromNs: bigint;
  toNs: bigint;
}

/** Logs in Loki. A field is a label (of the stream, or structured metadata), or else a key of a line of JSON. */
class LokiLogProbe implements LogProbe {
  readonly kind = 'loki';
  readonly #client: SignalClient;
  readonly #fields: LogFields;
  readonly #selector: string;
  /** Whether the environment declares the selector. */
  readonly #chosen: boolean;
  readonly #whose: string;
  #limit = MOST_ENTRIES;

  constructor(of: { address: SignalAddress; fields: LogFields } & z.infer<typeof settings>) {
    this.#client = new SignalClient(withTenant(of.address, of.tenant));
    this.#fields = of.fields;
    this.#selector = of.selector ?? `{${labelOf(of.fields, 'namespace')}=~".+"}`;
    this.#chosen = of.selector !== undefined;
    this.#whose = of.tenant === undefined ? '' : ` of the tenant ${of.tenant}`;
  }

  close(): void {
    this.#client.close();
  }

  async search(search: LogSearch, bounds: SignalBounds): Promise<LogRecord[]> {
    const { most } = search;
    const query = await this.#query(search, bounds);
    const found = await this.#between(query, spanOf(search), { bounds, most, left: most });
    if (found.length === 0) await this.#anything(search, bounds);
    const id = searchedId(search);
    if (id === null) return found.map((entry) => this.#record(entry));
    const own = found.filter((entry) => this.#text(entry, id.field).startsWith(id.begin));
    if (found.length > 0 && own.length === 0) {
      const absence = this.#absent(id.field, found[0], search);
      if (absence !== null) throw absence;
    }
    return own.map((entry) => this.#record(entry));
  }

  async absence(of: FieldName, search: LogSearch, bounds: SignalBounds): Promise<SignalError | null> {
    const query = await this.#query(search, bounds);
    const [entry] = await this.#ask(query, spanOf(search), { bounds, limit: 1 });
    return this.#absent(of, entry, search);
  }

  /** A line that only names the id, such as that of an access log, shows nothing of where the field is: then null. */
  #absent(of: FieldName, entry: Entry | undefined, search: LogSearch): SignalError | null {
    if (entry === undefined) return null;
    const { source, line } = this.#fields[of];
    const isIt = valueTest(of, search);
    const leaves = [...leavesOf(entry.labels), ...leavesOf(entry.said)];
    if (isIt !== null && !leaves.some(([, value]) => isIt(value))) return null;
    const name = source === line ? source : `${source}\` or \`${line}`;
    const text = absentText(of, { source: name }, { leaves, ...(isIt !== null && { isIt }) });
    return text === null ? null : this.#error(text, 'absent');
  }

  /**
   * A search that found nothing says nothing where there is nothing to be found: another tenant's name, or labels of other names.
   * @throws SignalError that says so
   */
  async #anything(search: LogSearch, bounds: SignalBounds): Promise<void> {
    const there = await this.#labels(search, bounds);
    if (there.length === 0)
      throw this.#error(
        `no stream${this.#whose} has come in the last hour: another tenant (telemetry.logs.tenant) holds the logs, or none arrives at all`,
        'failed',
      );
    const namespace = labelOf(this.#fields, 'namespace');
    if (!this.#chosen && !there.includes(namespace))
      throw this.#error(
        `no stream${this.#whose} has the label \`${namespace}\` (telemetry.logs.fields.namespace), and telemetry.logs.selector names no other; there is ${listed(there)}`,
        'failed',
      );
    for (const [field] of podFields(search)) {
      const name = labelOf(this.#fields, field);
      if (there.includes(name)) continue;
      const span = spanOf({ ...search, fromMs: search.fromMs - LABELS_MS });
      const [entry] = await this.#ask(`${this.#selector} | ${name} != ""`, span, { bounds, limit: 1 });
      if (entry !== undefined) continue;
      throw this.#error(
        `no stream${this.#whose} has the label \`${name}\` (telemetry.logs.fields.${field}), and no line has it in its structured metadata; there is ${listed(there)}`,
        'failed',
      );
    }
  }

  /** Names by which streams can be selected. */
  async #labels({ fromMs }: LogSearch, bounds: SignalBounds): Promise<readonly string[]> {
    const start = BigInt(Math.floor(fromMs - LABELS_MS)) * NS_PER_MS;
    const { data } = await this.#client.json({ path: `/loki/api/v1/labels?start=${start}` }, bounds);
    return shapedAs(labels, data, `${this.#client.url}/loki/api/v1/labels`).data ?? [];
  }

  /** If more lines match than one answer may hold, each half of the time is queried by itself. */
  async #between(
    query: string,
    span: Span,
    of: { bounds: SignalBounds; most: number; left: number },
  ): Promise<Entry[]> {
    const entries = await this.#ask(query, span, { bounds: of.bounds, limit: this.#limit });
    const middle = (span.fromNs + span.toNs) / 2n;
    const whole = entries.length < this.#limit;
    if (entries.length > of.left || (!whole && middle === span.fromNs))
      throw this.#error(`more records match than the expected maximum of ${of.most}`, 'failed');
    if (whole) {
      of.left -= entries.length;
      return entries;
    }
    const first = await this.#between(query, { ...span, toNs: middle }, of);
    return [...first, ...(await this.#between(query, { ...span, fromNs: middle }, of))];
  }

  /**
   * Lines are taken by their text first, which is cheap in Loki, and their fields are read here. A pod is found by labels of its stream, or
   * by structured metadata where no stream has such a label.
   */
  async #query(search: LogSearch, bounds: SignalBounds): Promise<string> {
    const of = podFields(search);
    const there = of.length === 0 ? [] : await this.#labels(search, bounds);
    const named = of.map(([field, value]) => [labelOf(this.#fields, field), quoted(value)] as const);
    const own = named.filter(([name]) => there.includes(name)).map(([name, value]) => `, ${name}=${value}`);
    const others = named.filter(([name]) => !there.includes(name));
    const filters = others.map(([name, value]) => ` | ${name} = ${value}`);
    const selector = this.#selector.replace(/,?\s*\}$/, `${own.join('')}}`);
    return `${selector}${this.#byId(search)}${filters.join('')}`;
  }

  #byId(search: LogSearch): string {
    const id = searchedId(search);
    if (id === null) return '';
    const { query } = this.#fields[id.field];
    if (query === null) return ` |= ${quoted(id.begin)}`;
    return ` | ${query} =~ ${quoted(`${id.begin.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}.*`)}`;
  }

  async #ask(
    query: string,
    { fromNs, toNs }: Span,
    { bounds, limit }: { bounds: SignalBounds; limit: number },
  ): Promise<Entry[]> {
    const asked = {
      query,
      start: String(fromNs),
      end: String(toNs),
      limit: String(limit),
      direction: 'forward',
    };
    const path = `/loki/api/v1/query_range?${new URLSearchParams(asked).toString()}`;
    const answer = await this.#client.json({ path }, bounds).catch((error: unknown) => {
      const most = Number(error instanceof SignalError ? TOO_MANY.exec(error.message)?.[1] : Number.NaN);
      if (!(most >= 1 && most < limit)) throw error;
      this.#limit = Math.min(this.#limit, most);
      return null;
    });
    if (answer === null) return this.#ask(query, { fromNs, toNs }, { bounds, limit: this.#limit });
    const { data, warnings = [] } = shapedAs(
      streams,
      answer.data,
      `${this.#client.url}/loki/api/v1/query_range`,
    );
    if (warnings[0] !== undefined) throw this.#error(`the answer may be partial: ${warnings[0]}`, 'failed');
    return data.result
      .flatMap(({ stream, values }) =>
        values.map(([ns, line]): Entry => ({ labels: stream, ns: BigInt(ns), line, said: jsonIn(line) })),
      )
      .toSorted((a, b) => Number(a.ns - b.ns));
  }

  #value({ labels: own, said }: Entry, name: FieldName): unknown {
    const { source, line } = this.#fields[name];
    return own[source] ?? fieldOf(said, line);
  }

  #text(entry: Entry, name: FieldName): string {
    return textOf(this.#value(entry, name));
  }

  #record(entry: Entry): LogRecord {
    return {
      id: idOf(entry),
      timeMs: Number(entry.ns) / 1e6,
      message: entry.line,
      ...namedIn((field) => this.#value(entry, field)),
    };
  }

  #error(message: string, reason: 'absent' | 'failed'): SignalError {
    return new SignalError(`${this.#client.url}: ${message}`, { reason });
  }
}

function labelOf(fields: LogFields, of: QueriedField): string {
  return fields[of].query ?? fields[of].source;
}

/** By which the lines of a pod are found, with their values; none where no pod is searched for. */
function podFields({ pod }: LogSearch): [field: QueriedField, value: string][] {
  if (pod === undefined) return [];
  return [
    ['namespace', pod.namespace],
    ['pod', pod.name],
  ];
}

/** The end is in a search, and not in a question to Loki. */
function spanOf({ fromMs, toMs }: LogSearch): Span {
  return { fromNs: BigInt(Math.floor(fromMs)) * NS_PER_MS, toNs: BigInt(Math.ceil(toMs) + 1) * NS_PER_MS };
}

/** LogQL has Go's quotes, whose escapes are those of JSON. */
const quoted = (text: string): string => JSON.stringify(text);

/** Loki keeps one of several lines with equal labels, time and text: those together name it. */
function idOf({ labels: own, ns, line }: Entry): string {
  const sorted = Object.entries(own).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha1')
    .update(JSON.stringify([sorted, String(ns), line]))
    .digest('base64url');
}

/** The object in a line, also behind what a container runtime puts before it. */
function jsonIn(line: string): Readonly<Record<string, unknown>> {
  const begin = line.indexOf('{');
  return begin === -1 ? {} : objectIn(line.slice(begin));
}

export const loki: LogKind = {
  kind: 'loki',
  label: 'Loki',
  metWith: null,
  own,
  // Labels of Promtail's and Alloy's documented scraping of pods; its lines and times are Loki's own.
  fields: { ...DEFAULTS, node: 'node_name', namespace: 'namespace', pod: 'pod' },
  probe: ({ declared, fields, address }) => {
    const { tenant, selector } = settings.parse(declared);
    return new LokiLogProbe({ address, fields, tenant, selector });
  },
};
