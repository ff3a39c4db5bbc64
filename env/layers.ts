/** An environment file with what it extends, as one document. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EnvironmentError } from './errors.ts';
import type { Problem } from './errors.ts';
import { layered, parseYaml, renderPath } from './yaml-source.ts';
import type { DataPath, YamlSource } from './yaml-source.ts';

export interface Layers {
  /** Without the keys `extends` and `variables`, and with the variables filled in. */
  source: YamlSource;
  /** The files that it extends, the nearest first. */
  extended: readonly string[];
}

/**
 * Reads an environment file and the files that it extends, each relative to the one that names it.
 * @throws EnvironmentError for what is not YAML, a file that is not there or extends itself, a variable without a value
 */
export function readLayers(text: string, file: string): Layers {
  const { source, extended } = stacked(text, file, []);
  if (source.problems.length > 0) throw new EnvironmentError(source.problems);
  return { source: filled(source), extended };
}

function stacked(text: string, file: string, above: readonly string[]): Layers {
  const source = parseYaml(text, file);
  const named = field(source.value, 'extends');
  if (named === undefined) return { source, extended: [] };
  const refuse = (message: string, allowed: string): EnvironmentError =>
    new EnvironmentError([
      problemAt(source, ['extends'], { message, found: JSON.stringify(named), allowed }),
    ]);
  if (typeof named !== 'string') throw refuse('wrong type', 'the path of a file, relative to this one');
  const base = path.join(path.dirname(file), named);
  const seen = [...above, file];
  if (seen.includes(base)) throw refuse('the file extends itself', 'a file that does not lead back here');
  const below = stacked(readBase(base, refuse), base, seen);
  return { source: layered(source, below.source), extended: [base, ...below.extended] };
}

function readBase(file: string, refuse: (message: string, allowed: string) => EnvironmentError): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw refuse(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      'the path of a file, relative to this one',
    );
  }
}

const VARIABLE = /\$\{([^}]*)\}/g;
const NAME = /^[a-z][a-zA-Z0-9]*$/;

/** `${name}` in any text is replaced by the value that `variables` has for it. */
function filled(source: YamlSource): YamlSource {
  if (typeof source.value !== 'object' || source.value === null) return source;
  const { extends: _extends, variables, ...rest } = source.value as Record<string, unknown>;
  const problems: Problem[] = [];
  const values = Object.entries((variables as object | null | undefined) ?? {}).flatMap(
    ([name, value]): [string, string][] => {
      if (NAME.test(name) && typeof value === 'string') return [[name, value]];
      const allowed = 'text for each name of letters and digits';
      problems.push(
        problemAt(source, ['variables', name], {
          message: 'wrong shape',
          found: JSON.stringify(value),
          allowed,
        }),
      );
      return [];
    },
  );
  const known = new Map(values);
  const fill = (value: unknown, at: DataPath): unknown => {
    if (Array.isArray(value)) return value.map((one: unknown, index) => fill(one, [...at, index]));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, [...at, key])]));
    if (typeof value !== 'string') return value;
    return value.replaceAll(VARIABLE, (all, name: string) => {
      const found = known.get(name);
      if (found === undefined)
        problems.push(
          problemAt(source, at, {
            message: 'a variable without a value',
            found: all,
            allowed: [...known.keys()].join(', ') || 'one of `variables`',
          }),
        );
      return found ?? all;
    });
  };
  const value = fill(rest, []);
  if (problems.length > 0) throw new EnvironmentError(problems);
  return { ...source, value };
}

function problemAt(
  source: YamlSource,
  at: DataPath,
  said: Pick<Problem, 'message' | 'found' | 'allowed'>,
): Problem {
  return { ...source.locate(at), path: renderPath(at), ...said };
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
