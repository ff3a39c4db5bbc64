import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { shown } from '../shown.ts';
import { parseTemplate } from './template.ts';
import type { ObjectiveTemplate } from './template.ts';

/** Templates by their names, in alphabetical order. */
export type Templates = ReadonlyMap<string, ObjectiveTemplate>;

/**
 * The templates of `env/objectives/templates` of a checkout.
 * @throws EnvironmentError with the problems of all that cannot be used
 */
export function readTemplates(checkoutDir: string): Templates {
  const folder = path.join(checkoutDir, 'env', 'objectives', 'templates');
  const problems: Problem[] = [];
  const found = new Map<string, ObjectiveTemplate>();
  for (const name of namesIn(folder)) {
    const file = path.join(folder, `${name}.yaml`);
    try {
      found.set(name, parseTemplate(readFileSync(file, 'utf8'), shown(file)));
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
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
