/**
 * Fields of a log record. Three things are told apart: where a value stands in what the store hands out (`source`), under which name the
 * store is searched for it (`query`), and under which key the service itself wrote it (`line`).
 */
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';

const NAMES = [
  'time',
  'message',
  'service',
  'traceId',
  'spanId',
  'correlationId',
  'number',
  'node',
  'namespace',
  'pod',
] as const;
export type FieldName = (typeof NAMES)[number];

/** By which a store is searched. */
export type QueriedField = 'time' | 'correlationId' | 'traceId' | 'namespace' | 'pod';
export interface LogField {
  /** Where it stands in a record: each dot is a step into an object, or a part of a key. */
  source: string;
  /** null: what the store's own mapping says. */
  query: string | null;
  /** In the service's own line of JSON. */
  line: string;
}
export type LogFields = Readonly<Record<FieldName, LogField>>;

/**
 * Where fields stand if an environment file does not say it: as shippers to Elasticsearch and its kin often have them, and lines of JSON whose keys
 * stay at the top.
 */
const DEFAULTS: Readonly<Record<FieldName, string>> = {
  time: '@timestamp',
  message: 'message',
  service: 'service',
  traceId: 'trace_id',
  spanId: 'span_id',
  correlationId: 'mark',
  number: 'n',
  node: 'kubernetes.node',
  namespace: 'kubernetes.namespace',
  pod: 'kubernetes.pod',
};

const name = z.string().min(1);
const WHERE = 'Where it stands in a record of the store';
const source = name.optional().describe(WHERE);
const query = name
  .optional()
  .describe(
    'Under which name the store is searched, where it is another than that of `source`; either is searched as a keyword, by itself or by its sub-field `.keyword`',
  );
const line = z
  .string()
  // The canaries write these keys, by a shell.
  .regex(/^[^"\\$`\s]+$/, 'a key without blanks, quotes, `\\`, `$` and backticks')
  .optional()
  .describe("Its key in the service's own line of JSON; when left out, that of `source`");

const read = (of: FieldName): z.ZodOptional => name.optional().describe(`${WHERE}; default: ${DEFAULTS[of]}`);
const queried = (of: FieldName): z.ZodOptional => forms(of, z.strictObject({ source, query }));
const written = (of: FieldName): z.ZodOptional => forms(of, z.strictObject({ source, line }));
const searched = (of: FieldName): z.ZodOptional => forms(of, z.strictObject({ source, query, line }));

function forms(of: FieldName, parts: z.ZodObject): z.ZodOptional {
  return z.union([name, parts]).optional().describe(`${WHERE}, or its names apart; default: ${DEFAULTS[of]}`);
}

interface Parts {
  source?: string | undefined;
  query?: string | undefined;
  line?: string | undefined;
}
/** As an environment file declares them. */
export type DeclaredFields = Partial<Record<FieldName, string | Parts>>;

export const logFields = z
  .strictObject({
    time: queried('time'),
    message: read('message'),
    service: written('service'),
    traceId: searched('traceId'),
    spanId: read('spanId'),
    correlationId: searched('correlationId'),
    number: written('number'),
    node: read('node'),
    namespace: queried('namespace'),
    pod: queried('pod'),
  } satisfies Record<FieldName, z.ZodOptional>)
  .prefault({})
  .describe('Names of the fields of a record') as unknown as z.ZodType<DeclaredFields>;

/** Every field with all of its names. */
export function resolved(declared: DeclaredFields): LogFields {
  return Object.fromEntries(
    NAMES.map((of) => {
      const given = declared[of] ?? {};
      const parts = typeof given === 'string' ? { source: given } : given;
      const at = parts.source ?? DEFAULTS[of];
      // A shipper that lays a line elsewhere declares both.
      return [of, { source: at, query: parts.query ?? null, line: parts.line ?? at } satisfies LogField];
    }),
  ) as Record<FieldName, LogField>;
}

/** The key of an environment file that declares a name. */
export function keyOf(of: FieldName, part: 'source' | 'query' | 'line'): string {
  return `telemetry.logs.fields.${of}.${part}`;
}

/**
 * A field by its name. Each dot is a step into an object or a part of a key, such as in labels of Kubernetes and attributes of OpenTelemetry.
 * Where several ways lead to a value, the one with the longest key counts, beginning at the top.
 */
export function fieldOf(from: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(from, path)) return from[path];
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end);
    const below = Object.hasOwn(from, key) ? from[key] : undefined;
    if (typeof below !== 'object' || below === null) continue;
    const found = fieldOf(below as Record<string, unknown>, path.slice(end + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A text of JSON as an object; one without anything in it where it is none. */
export function objectIn(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** null: it is no whole number. */
export function numberOf(value: unknown): number | null {
  if (value === undefined || value === null || value === '') return null;
  const number = Number(value);
  return Number.isInteger(number) ? number : null;
}

/** Every path that leads to a text or a number, with it. */
export function leavesOf(value: unknown, path = ''): [path: string, value: string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, one]) => leavesOf(one, path === '' ? key : `${path}.${key}`));
  const text = textOf(value);
  return text === '' ? [] : [[path, text]];
}
