import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import { isRecord } from '../reports/record/is-record.ts';
import type { Problem } from './errors.ts';

export type DataPath = readonly (string | number)[];

export interface YamlSource {
  /** The data; undefined when the text does not parse. */
  value: unknown;
  problems: Problem[];
  /** Place of the value at a path, or of its key; falls back to the nearest parent that exists. */
  locate(path: DataPath, what?: 'key' | 'value'): { file: string; line: number; column: number };
}

/** `topology.pools[1].count` */
export function renderPath(path: DataPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${String(part)}]`;
      const plain = /^[A-Za-z_][\w-]*$/.test(part);
      return `${index === 0 || !plain ? '' : '.'}${plain ? part : `["${part}"]`}`;
    })
    .join('');
}

function keyOffset(node: unknown, key: string | number): number | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair !== undefined && isScalar(pair.key) ? pair.key.range?.[0] : undefined;
}

function childOf(node: unknown, part: string | number): unknown {
  if (isMap(node)) return node.get(part, true);
  if (isSeq(node) && typeof part === 'number') return node.items[part];
  return undefined;
}

function offsetOf(document: Document, path: DataPath, what: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1;
    offset = keyOffset(node, part) ?? offset;
    node = childOf(node, part);
    const range = (node as { range?: [number, number, number] | null } | undefined)?.range;
    if (range === undefined || range === null) return offset;
    if (!(last && what === 'key')) offset = range[0];
  }
  return offset;
}

const INDENTATION =
  'look at the blanks before it: the keys of one map, and the items of one list, begin in the same column';
/** What to look at, where the parser's own words do not say it. */
const LOOK_AT: Partial<Record<YAMLError['code'], string>> = {
  BAD_INDENT: INDENTATION,
  MISSING_CHAR: INDENTATION,
  BLOCK_AS_IMPLICIT_KEY:
    'look at the blanks before the next line, which may be one too many, and for a text with ": " in it, which needs quotes',
};

/** Every key that is there twice, or else the first other error alone: after that the parser goes on with what it has misread. */
function syntaxProblems(errors: readonly YAMLError[], file: string, lines: LineCounter): Problem[] {
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  return (first === undefined ? errors : [first]).map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { file, line, column: col, path: '', found: '', ...saidOf(error) };
  });
}

function saidOf({ code, message }: YAMLError): Pick<Problem, 'message' | 'allowed'> {
  if (code === 'DUPLICATE_KEY') return { message: 'this key appears twice', allowed: 'each key once' };
  const said = message.split(/:? at line \d+|\n/)[0] ?? message;
  const look = LOOK_AT[code];
  return { message: `not valid YAML: ${said}${look === undefined ? '' : `; ${look}`}`, allowed: null };
}

/** A text that begins with an asterisk and stands without quotes, such as a glob, is an alias of YAML; the parser says so only when it is used. */
function unknownAliases(document: Document, file: string, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const { line, col } = lines.linePos(alias.range?.[0] ?? 0);
      problems.push({
        file,
        line,
        column: col,
        path: '',
        found: `*${alias.source}`,
        message: 'an alias of YAML for which there is no anchor',
        allowed: `a text that begins with * in quotes: "*${alias.source}"`,
      });
    },
  });
  return problems;
}

/** Parses one YAML document (1.2 core schema: a bare `n` or `on` is text) and keeps where everything stood. */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: true });
  const problems = [
    ...syntaxProblems([...document.errors, ...document.warnings], file, lines),
    ...unknownAliases(document, file, lines),
  ];
  return {
    value: problems.length > 0 ? undefined : (document.toJS() as unknown),
    problems,
    locate: (path, what = 'value') => {
      const { line, col } = lines.linePos(offsetOf(document, path, what));
      return { file, line, column: col };
    },
  };
}

/** A file that states part of the data, and what it builds on: each map key by key, everything else replaced. `null` takes a key away. */
export function layered(over: YamlSource, base: YamlSource): YamlSource {
  return {
    value: merged(over.value, base.value),
    problems: [...over.problems, ...base.problems],
    locate: (path, what) =>
      (depthOf(over.value, path) >= depthOf(base.value, path) ? over : base).locate(path, what),
  };
}

function merged(over: unknown, base: unknown): unknown {
  if (over === undefined) return base;
  if (!isRecord(over) || !isRecord(base)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])].filter((key) => over[key] !== null);
  return Object.fromEntries(keys.map((key) => [key, merged(over[key], base[key])]));
}

/** How many parts of a path there are in the data. */
function depthOf(value: unknown, [part, ...rest]: DataPath): number {
  if (part === undefined || typeof value !== 'object' || value === null || !(part in value)) return 0;
  return 1 + depthOf((value as Record<string | number, unknown>)[part], rest);
}
