/**
 * The page on environment files, written from their schema.
 */
import { z } from 'zod';
import { environmentFile } from '../../env/schema.ts';
import { cell } from './cell.ts';
import { apart, formsOf, identityOf, isSchema, shapesOf } from './shapes.ts';
import type { Schema, Shape } from './shapes.ts';

/** A longer one explains nothing to a reader. */
const LONGEST_PATTERN = 40;

interface Row {
  path: string;
  type: string;
  meaning: string;
}

/** A text stands between two tables. */
type Line = Row | string;

const SCHEMA = z.toJSONSchema(environmentFile, { io: 'input', reused: 'inline' });
const SHAPES = new Map(shapesOf(SCHEMA));
for (const [identity, shape] of [...SHAPES])
  if (sectionsText().split(linkTo(shape)).length < 3) SHAPES.delete(identity);

export function environmentPage(): string {
  return `# Environment files

Written from the schema in \`env/schema.ts\`; do not edit this page. [Environment files](../guide/environment-file.md) explains how to write one; \`npx plumbline env validate FILE\` checks a file against it, and
an editor that knows YAML does so while you write (\`env/environment.schema.json\`). An unknown key is an error. In a path \`[]\` is an element of a list and \`*\` a name: one that the file chooses, or each of those above the table.
Where one of several forms may be written, all their keys are listed: *or* begins the next form. A key that is not *required* may be left out. A type that is a link is a [shape](#shapes) that several keys have.

${sectionsText()}`;
}

function sectionsText(): string {
  const sections = Object.keys(SCHEMA.properties ?? {}).map(
    (name) => [name, linesOf(SCHEMA, name, name)] as const,
  );
  const single = sections.flatMap(([, lines]) => (lines.length === 1 ? lines : []));
  const others = sections.filter(([, lines]) => lines.length > 1);
  return `## Single values

${linesText(single)}
${others.map(([name, lines]) => `## \`${name}\`\n\n${linesText(lines)}`).join('\n')}
## Shapes

${[...SHAPES.values()].map(shapeText).join('\n')}`;
}

function shapeText({ name, description, schema }: Shape): string {
  const meaning = description === '' ? '' : `${description}.\n\n`;
  return `### ${headingOf(name)}\n\n${meaning}${linesText(inside('', schema))}`;
}

function headingOf(name: string): string {
  return `Shape \`${name}\``;
}

/** Hosts of Markdown make the anchor of a heading so. */
function linkTo({ name }: Shape): string {
  const anchor = headingOf(name)
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
  return `[${name}](#${anchor})`;
}

function linesText(lines: readonly Line[]): string {
  const isText = (line: Line | undefined): boolean => line === undefined || typeof line === 'string';
  return lines
    .map((line, at) => {
      if (typeof line === 'string') return `\n${line}\n\n`;
      const head = isText(lines[at - 1]) ? '| key | type | meaning |\n| --- | --- | --- |\n' : '';
      return `${head}${rowText(line)}`;
    })
    .join('');
}

function rowText({ path, type, meaning }: Row): string {
  const key = path.startsWith('or ') ? `or \`${path.slice(3)}\`` : `\`${path}\``;
  return `| ${key} | ${cell(type)} | ${cell(meaning)} |\n`;
}

/** The row of a key, and those below it. */
function linesOf({ properties = {}, required = [] }: Schema, key: string, path: string): Line[] {
  const field = properties[key];
  return isSchema(field) ? linesOfField(path, field, required.includes(key)) : [];
}

function linesOfField(path: string, field: Schema, isRequired: boolean): Line[] {
  const type = [
    typeOf(field),
    ...(isRequired ? ['*required*'] : []),
    ...(field.default === undefined ? [] : [`default ${valueText(field.default)}`]),
  ];
  const meaning = field.description ?? '';
  const isSaidThere = meaning === SHAPES.get(identityOf(field))?.description;
  return [{ path, type: type.join('; '), meaning: isSaidThere ? '' : meaning }, ...below(path, field)];
}

/** Rows of what a key holds, unless the section of a shape has them. */
function below(path: string, field: Schema): Line[] {
  return isShape(field) ? [] : inside(path, field);
}

/** Rows of what an object, a list or one of several forms holds. */
function inside(path: string, field: Schema): Line[] {
  const forms = formsOf(field, isShape)
    .map((form) => (form === field ? [] : below(path, form)))
    .filter((lines) => lines.length > 0);
  const { items, additionalProperties } = field;
  return [
    ...forms.flatMap(alternative),
    ...linesInObject(path, field),
    ...(isSchema(items) ? below(`${path}[]`, items) : []),
    ...(isSchema(additionalProperties) && !isPlain(additionalProperties)
      ? linesOfField(join(path, '*'), additionalProperties, false)
      : []),
  ];
}

/** Begins with the keys that several of its objects have in common. */
function linesInObject(path: string, field: Schema): Line[] {
  const { common, rest } = apart(field, isShape);
  const each = join(path, '*');
  const inCommon = common.flatMap(({ names, object }) => [
    `\`${each}\`, where it is ${names.map((name) => `\`${name}\``).join(', ')}:`,
    ...Object.keys(object.properties ?? {}).flatMap((key) => linesOf(object, key, join(each, key))),
  ]);
  return [
    ...inCommon,
    ...(inCommon.length > 0 ? [`\`${path}\`, all else:`] : []),
    ...Object.keys(rest.properties ?? {}).flatMap((key) => linesOf(rest, key, join(path, key))),
  ];
}

function alternative(lines: readonly Line[], at: number): readonly Line[] {
  const [first, ...others] = lines;
  if (at === 0 || first === undefined || typeof first === 'string') return lines;
  return [{ ...first, path: `or ${first.path}` }, ...others];
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function isShape(field: Schema): boolean {
  return SHAPES.has(identityOf(field));
}

/** Its type says all. */
function isPlain(field: Schema): boolean {
  return field.description === undefined && !isShape(field) && inside('', field).length === 0;
}

function typeOf(field: Schema): string {
  const shape = SHAPES.get(identityOf(field));
  if (shape !== undefined) return linkTo(shape);
  const forms = formsOf(field, isShape);
  if (forms.length > 1) return [...new Set(forms.map(typeOf))].join(' or ');
  if (field.const !== undefined) return valueText(field.const);
  if (field.enum !== undefined) return field.enum.map(valueText).join(', ');
  if (field.type === 'array') return `list of ${elementType(field.items)}`;
  if (isSchema(field.additionalProperties)) return `map of ${elementType(field.additionalProperties)}`;
  return `${field.format ?? String(field.type ?? 'anything')}${boundsOf(field)}`;
}

function elementType(element: unknown): string {
  return isSchema(element) ? typeOf(element) : 'anything';
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, type, ...text }: Schema): string {
  const widest = type === 'integer' ? Number.MAX_SAFE_INTEGER : Infinity;
  const bounds = [
    ...(minimum === undefined || minimum <= -widest ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${String(exclusiveMinimum)}`]),
    ...(maximum === undefined || maximum >= widest ? [] : [`≤ ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${String(exclusiveMaximum)}`]),
    ...patternsOf(text),
  ];
  return bounds.length === 0 ? '' : ` ${bounds.join(', ')}`;
}

function patternsOf({ pattern = '', format }: Schema): string[] {
  const isExplained = pattern === '' || pattern.length > LONGEST_PATTERN || format !== undefined;
  return isExplained ? [] : [`matching \`${pattern}\``];
}

function valueText(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
