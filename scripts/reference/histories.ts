/**
 * The page on what histories hold, written from the schemas.
 */
import { z } from 'zod';
import { HISTORY_SCHEMA, OUTCOMES } from '../../reports/record/history/history.ts';
import { PRESSURE_FILE } from '../../reports/record/pressure.ts';
import { SUITES } from '../../reports/record/observations/index.ts';
import type { KindSchemas } from '../../reports/record/observations/kinds.ts';
import { catalogue, suiteOf } from '../../suites/catalogue/index.ts';
import { cell } from './cell.ts';

/** By the end of a field's name. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/Ms$|^ms$/, 'ms'],
  [/Seconds$/, 's'],
  [/Minutes$/, 'min'],
  [/Days$/, 'd'],
  [/Bytes$/, 'bytes'],
  [/Ratio$|Share$/, '0 to 1'],
  [/PerSecond$/, '1/s'],
];
const OWN: readonly string[] = ['kind', 't'];

export function historiesPage(): string {
  const outcomes = Object.entries(OUTCOMES).map(([name, code]) => `${code} ${name}`);
  return `# Histories, format ${HISTORY_SCHEMA}

Written from the schemas in \`reports/record/observations/\` and those of single checks (\`observations.ts\` in their folders); do not edit this page.

A history is one folder a trial: NDJSON files, one writer each. The first line of \`check.ndjson\` is the header. A line that begins with \`{\` is an
observation: its \`kind\`, its time \`t\` (CLOCK_MONOTONIC, ms), and the fields below. A line of an unknown kind, with an unknown field, without one that is not
optional or with one of another type is damaged, and a damaged history is never a pass. A line that begins with \`[\` is an operation of a client load:
\`["w" or "r", n, intendedMs, sentMs, doneMs, outcome, detail?]\` with the outcomes ${outcomes.join(', ')}.

A folder \`path-NAME\` inside it holds what clients saw by a further path that the store declares (\`stores.postgres.paths\`): a \`client-load.ndjson\` of its own, with writes only. They
carry the run \`RUN/path/NAME\` in the store and are not read back: of a path only its outage counts.

\`${PRESSURE_FILE}\` holds no observation. In an embedded environment a line every few seconds says how long the machine's tasks had waited for cores, memory and disk by then
(ms; \`some\` of Linux PSI), how much CPU time the whole machine, the environment and the harness had used, and how late the harness itself was. For any other cluster a line gives
the CPU time of the nodes that hold pods of the environment, added up from the metrics API. No pass rests on this file.

${Object.entries(SUITES)
  .map(([suite, kinds]) => suiteText(suite, { ...kinds, ...ownOf(suite) }))
  .join('\n')}`;
}

/** Kinds that one check of the suite alone makes. */
function ownOf(suite: string): KindSchemas {
  const rows = catalogue().filter(({ id }) => suiteOf(id) === suite);
  return Object.assign({}, ...rows.map(({ observes }) => observes)) as KindSchemas;
}

function suiteText(suite: string, kinds: Readonly<Record<string, z.ZodObject>>): string {
  const names = Object.keys(kinds).toSorted();
  if (names.length === 0) return '';
  return `## ${suite}\n\n${names.map((kind) => kindText(kind, kinds[kind])).join('\n')}`;
}

function kindText(kind: string, schema: z.ZodObject | undefined): string {
  const rows = Object.entries<z.core.$ZodType>(schema?.shape ?? {})
    .filter(([name]) => !OWN.includes(name))
    .flatMap(([name, field]) => rowsOf(name, field));
  if (rows.length === 0) return `### \`${kind}\`\n\nNo fields.\n`;
  const lines = rows.map(
    ({ path: at, type, optional, unit }) =>
      `| \`${at}\` | ${cell(type)} | ${optional ? 'optional' : ''} | ${unit} |`,
  );
  return `### \`${kind}\`\n\n| field | type | | unit |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

interface Row {
  path: string;
  type: string;
  optional: boolean;
  unit: string;
}

/** The field, and below it those of the objects that it holds. */
function rowsOf(at: string, schema: z.core.$ZodType): Row[] {
  const { inner, optional, nullable } = unwrapped(schema);
  const [name = at] = /[^.[\]]+(?=(?:\[\])*$)/.exec(at) ?? [];
  const unit = UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? '';
  const type = `${typeOf(inner)}${nullable ? ' or null' : ''}`;
  return [{ path: at, type, optional, unit }, ...inside(at, inner)];
}

function inside(at: string, schema: z.core.$ZodType): Row[] {
  if (schema instanceof z.ZodObject)
    return Object.entries<z.core.$ZodType>(schema.shape).flatMap(([name, field]) =>
      rowsOf(`${at}.${name}`, field),
    );
  if (schema instanceof z.ZodArray) return inside(`${at}[]`, unwrapped(schema.element).inner);
  if (schema instanceof z.ZodRecord) return inside(`${at}.*`, unwrapped(schema.valueType).inner);
  return [];
}

function unwrapped(schema: z.core.$ZodType): {
  inner: z.core.$ZodType;
  optional: boolean;
  nullable: boolean;
} {
  if (schema instanceof z.ZodOptional) return { ...unwrapped(schema.unwrap()), optional: true };
  if (schema instanceof z.ZodNullable) return { ...unwrapped(schema.unwrap()), nullable: true };
  return { inner: schema, optional: false, nullable: false };
}

/** In words; what an object holds has rows of its own. */
function typeOf(schema: z.core.$ZodType): string {
  const { inner, nullable } = unwrapped(schema);
  return `${bareTypeOf(inner)}${nullable ? ' or null' : ''}`;
}

function bareTypeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodArray) return `list of ${typeOf(schema.element)}`;
  if (schema instanceof z.ZodRecord) return `record of ${typeOf(schema.valueType)}`;
  if (schema instanceof z.ZodTuple) return `[${schema.def.items.map(typeOf).join(', ')}]`;
  if (schema instanceof z.ZodUnion) return schema.options.map(typeOf).join(' or ');
  return plainTypeOf(schema);
}

function plainTypeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(', ');
  if (schema instanceof z.ZodLiteral)
    return [...schema.values].map((value) => `\`${String(value)}\``).join(', ');
  return schema instanceof z.ZodNumber && schema.format !== null && schema.format.includes('int')
    ? 'integer'
    : schema._zod.def.type;
}
