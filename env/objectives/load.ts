import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { problemsOf } from '../issues.ts';
import { keysOf } from '../known-keys.ts';
import { shown } from '../shown.ts';
import { parseYaml } from '../yaml-source.ts';
import { sloDocument, sloShape } from './document.ts';
import type { SloDocument } from './document.ts';
import { parseTemplate, requireNameOf } from './template.ts';
import type { ObjectiveTemplate } from './template.ts';

/**
 * Checks the text of one OpenSLO document.
 * @param file its path, for messages; its name must be the objective's
 * @throws EnvironmentError with every problem: file, line, column, what was found, what is allowed
 */
export function parseObjective(text: string, file: string): SloDocument {
  const source = parseYaml(text, file);
  if (source.problems.length > 0) throw new EnvironmentError(source.problems);
  const shape = sloShape.safeParse(source.value);
  const parsed = shape.success ? sloDocument.safeParse(source.value) : shape;
  if (!parsed.success)
    throw new EnvironmentError(problemsOf(parsed.error, { source, knownKeys: keysOf(sloShape) }));
  requireNameOf(file, { name: parsed.data.metadata.name, at: ['metadata', 'name'], source });
  return parsed.data;
}

/** What an environment file can refer to. */
export interface Library {
  documents: ReadonlyMap<string, SloDocument>;
  templates: ReadonlyMap<string, ObjectiveTemplate>;
}

/**
 * The documents of a folder and the templates of its folder `templates`, each by its name, in alphabetical order.
 * @throws EnvironmentError with the problems of all that cannot be used
 */
export function readObjectives(folder: string): Library {
  const problems: Problem[] = [];
  const library = {
    documents: readAll(folder, { parse: parseObjective, problems }),
    templates: readAll(path.join(folder, 'templates'), { parse: parseTemplate, problems }),
  };
  if (problems.length > 0) throw new EnvironmentError(problems);
  return library;
}

function readAll<T>(
  folder: string,
  { parse, problems }: { parse: (text: string, file: string) => T; problems: Problem[] },
): Map<string, T> {
  const found = new Map<string, T>();
  for (const name of namesIn(folder)) {
    const file = path.join(folder, `${name}.yaml`);
    try {
      found.set(name, parse(readFileSync(file, 'utf8'), shown(file)));
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      problems.push(...error.problems);
    }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => name.slice(0, -'.yaml'.length))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
