import type { z } from 'zod';
import type { Problem } from './errors.ts';
import { closest } from './suggest.ts';
import { renderPath } from './yaml-source.ts';
import type { DataPath, YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** Keys that the schema knows at a path; used to say what an unknown key may have meant. */
export type KnownKeys = (path: DataPath) => readonly string[];

interface Context {
  source: YamlSource;
  knownKeys: KnownKeys;
}

function at(value: unknown, path: DataPath): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[part];
  }
  return found;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  // An address may hold a password, and what is shown may end in a log.
  const text = JSON.stringify(value).replaceAll(/\/\/[^/@\s"]*@/g, '//***@');
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

const TYPES: Record<string, string> = {
  object: 'a map of keys',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  record: 'a map of keys',
};

const UNITS: Record<string, string> = { string: ' characters', array: ' entries' };

function allowedBySize(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const word = issue.code === 'too_small' ? 'at least' : 'at most';
  const unit = UNITS[issue.origin] ?? '';
  const strictly =
    issue.inclusive === false ? (issue.code === 'too_small' ? 'more than' : 'less than') : word;
  return `${strictly} ${String(limit)}${unit}`;
}

function describe(issue: Issue): { message: string; allowed: string | null } {
  switch (issue.code) {
    case 'invalid_type':
      return { message: 'wrong type', allowed: TYPES[issue.expected] ?? issue.expected };
    case 'invalid_value':
      return { message: 'unknown value', allowed: issue.values.map(String).join(', ') };
    case 'too_small':
    case 'too_big':
      return { message: 'out of range', allowed: allowedBySize(issue) };
    case 'invalid_format':
      return { message: 'wrong format', allowed: issue.message.replace(/^Invalid /, 'a valid ') };
    default:
      return { message: issue.message, allowed: null };
  }
}

/** Of several shapes a value may have, the one that it came nearest to: fewest unknown or missing keys. */
function nearestBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | null {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const weigh = (issues: readonly Issue[]): number => {
    if (issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0)) return Infinity;
    const total = issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length * 2 : 1));
    return total.reduce((sum, weight) => sum + weight, 0);
  };
  if (!isMap) return null;
  const sorted = branches
    .map((issues) => ({ issues, weight: weigh(issues) }))
    .sort((a, b) => a.weight - b.weight);
  const best = sorted[0];
  return best === undefined || best.weight === Infinity ? null : best.issues;
}

function branchSummary(branches: readonly (readonly Issue[])[]): string {
  const kinds = branches.flatMap((issues) =>
    issues.filter((issue) => issue.path.length === 0).map((issue) => describe(issue).allowed ?? ''),
  );
  return [...new Set(kinds.filter((kind) => kind !== ''))].join(', or ');
}

/** A known key that may have been meant. */
function hintFor(key: string, known: readonly string[]): string {
  const meant = closest(key, known);
  return meant === null ? '' : ` (did you mean "${meant}"?)`;
}

function unknownKeys(issue: Extract<Issue, { code: 'unrecognized_keys' }>, path: DataPath, context: Context) {
  const known = context.knownKeys(path);
  return issue.keys.map((key): Problem => {
    return {
      ...context.source.locate([...path, key], 'key'),
      path: renderPath(path),
      found: `"${key}"${hintFor(key, known)}`,
      allowed: known.length === 0 ? null : known.join(', '),
      message: 'unknown key',
    };
  });
}

function expand(issue: Issue, prefix: DataPath, context: Context): Problem[] {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  const found = at(context.source.value, path);
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue, path, context);
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors, found);
    if (branch !== null) return branch.flatMap((inner) => expand(inner, path, context));
  }
  if (issue.code === 'invalid_key') return unknownEntry(issue, path, context);
  const { message, allowed } =
    issue.code === 'invalid_union'
      ? { message: 'wrong shape', allowed: branchSummary(issue.errors) }
      : describe(issue);
  const missing = found === undefined;
  return [
    {
      ...context.source.locate(path),
      path: renderPath(path),
      found: missing ? '' : show(found),
      allowed: allowed === TYPES['object'] ? mapOf(context.knownKeys(path)) : allowed,
      // What a rule of its own says of a key that is not there says more than that it is missing.
      message: missing && issue.code !== 'custom' ? 'missing' : message,
    },
  ];
}

function mapOf(keys: readonly string[]): string {
  return keys.length === 0 ? 'a map of keys' : `a map of keys: ${keys.join(', ')}`;
}

function unknownEntry(
  issue: Extract<Issue, { code: 'invalid_key' }>,
  path: DataPath,
  context: Context,
): Problem[] {
  const key = String(path.at(-1));
  const first = issue.issues[0];
  const values = first?.code === 'invalid_value' ? first.values.map(String) : [];
  return [
    {
      ...context.source.locate(path, 'key'),
      path: renderPath(path.slice(0, -1)),
      found: `"${key}"${hintFor(key, values)}`,
      allowed: values.length === 0 ? null : values.join(', '),
      message: 'unknown key',
    },
  ];
}

/** Turns what zod found into problems with file, line and column, in the order of the file. */
export function problemsOf(error: z.core.$ZodError, context: Context): Problem[] {
  const problems = error.issues.flatMap((issue) => expand(issue, [], context));
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}
