/**
 * The page on environment files, written from their schema.
 */
import { z } from 'zod';
import { environmentFile } from '../../env/schema.ts';
import { cell } from './cell.ts';

type Schema = z.core.JSONSchema.BaseSchema;

interface Row {
  path: string;
  type: string;
  /** `required`, or the default that applies when the key is left out. */
  needed: string;
  meaning: string;
}

export function environmentPage(): string {
  const schema = z.toJSONSchema(environmentFile, { io: 'input', reused: 'inline' });
  return `# Environment files

Written from the schema in \`env/schema.ts\`; do not edit this page. [Environment files](../guide/environment-file.md) explains how to write one; \`npx plumbline env validate FILE\` checks a file against it, and
an editor that knows YAML does so while you write (\`env/environment.schema.json\`). An unknown key is an error. In a path \`[]\` is an element of a list and \`*\` a name that the file chooses.
Where one of several forms may be written, all their keys are listed: *or* begins the next form.

${Object.entries(schema.properties ?? {})
  .map(([name, field]) => sectionOf(name, field, (schema.required ?? []).includes(name)))
  .join('\n')}`;
}

function sectionOf(name: string, field: boolean | Schema, required: boolean): string {
  const rows = rowsOf(name, field, required).map(
    ({ path, type, needed, meaning }) =>
      `| ${path.startsWith('or ') ? `or \`${path.slice(3)}\`` : `\`${path}\``} | ${cell(type)} | ${cell(needed)} | ${cell(meaning)} |`,
  );
  return `## \`${name}\`\n\n| key | type | | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function rowsOf(path: string, field: boolean | Schema, required: boolean): Row[] {
  if (typeof field === 'boolean') return [];
  const needed =
    field.default === undefined
      ? required
        ? 'required'
        : 'optional'
      : `default ${valueText(field.default)}`;
  return [
    { path, type: typeOf(field), needed, meaning: field.description ?? '' },
    ...below(path.replace(/^or /, ''), field),
  ];
}

/** Rows of what an object, a list or one of several forms holds. */
function below(path: string, field: Schema): Row[] {
  const forms = formsOf(field).filter((form) => form.properties !== undefined);
  if (forms.length > 1) return forms.flatMap((form, at) => alternative(below(path, form), at));
  const [only] = forms;
  if (only !== undefined && only !== field) return below(path, only);
  const required = field.required ?? [];
  const own = Object.entries(field.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(`${path}.${name}`, child, required.includes(name)),
  );
  const { items, additionalProperties } = field;
  return [
    ...own,
    ...(isSchema(items) ? below(`${path}[]`, items) : []),
    ...(isSchema(additionalProperties) ? rowsOf(`${path}.*`, additionalProperties, false) : []),
  ];
}

function alternative(rows: readonly Row[], at: number): Row[] {
  return rows.map((row, line) => (at > 0 && line === 0 ? { ...row, path: `or ${row.path}` } : row));
}

function isSchema(field: unknown): field is Schema {
  return typeof field === 'object' && field !== null && !Array.isArray(field);
}

function formsOf(field: Schema): Schema[] {
  const forms = field.anyOf ?? field.oneOf;
  return forms === undefined ? [field] : forms.filter(isSchema).flatMap((form) => formsOf(form));
}

function typeOf(field: Schema): string {
  const forms = formsOf(field);
  if (forms.length > 1) return [...new Set(forms.map(typeOf))].join(' or ');
  if (field.const !== undefined) return valueText(field.const);
  if (field.enum !== undefined) return field.enum.map(valueText).join(', ');
  if (field.type === 'array') return `list of ${isSchema(field.items) ? typeOf(field.items) : 'anything'}`;
  return `${String(field.type ?? 'anything')}${boundsOf(field)}`;
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, pattern, type }: Schema): string {
  const widest = type === 'integer' ? Number.MAX_SAFE_INTEGER : Infinity;
  const bounds = [
    ...(minimum === undefined || minimum <= -widest ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${String(exclusiveMinimum)}`]),
    ...(maximum === undefined || maximum >= widest ? [] : [`≤ ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${String(exclusiveMaximum)}`]),
    ...(pattern === undefined ? [] : [`matching \`${pattern}\``]),
  ];
  return bounds.length === 0 ? '' : ` ${bounds.join(', ')}`;
}

function valueText(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
