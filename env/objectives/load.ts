import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { problemsOf } from '../issues.ts';
import { keysOf } from '../known-keys.ts';
import { parseYaml } from '../yaml-source.ts';
import { sloDocument, sloShape } from './document.ts';
import type { SloDocument } from './document.ts';

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
  const expected = path.basename(file).replace(/\.ya?ml$/, '');
  const { name } = parsed.data.metadata;
  if (name === expected) return parsed.data;
  const misnamed: Problem = {
    ...source.locate(['metadata', 'name']),
    path: 'metadata.name',
    found: `"${name}"`,
    allowed: expected,
    message: 'the name differs from the name of the file',
  };
  throw new EnvironmentError([misnamed]);
}

/**
 * Every objective of a folder by its name, in alphabetical order.
 * @throws EnvironmentError with the problems of all documents that cannot be used
 */
export async function readObjectives(folder: string): Promise<Map<string, SloDocument>> {
  const names = (await readdir(folder).catch(noFolder)).filter((name) => name.endsWith('.yaml')).sort();
  const found = new Map<string, SloDocument>();
  const problems: Problem[] = [];
  for (const name of names) {
    const file = path.join(folder, name);
    const text = await readFile(file, 'utf8');
    try {
      const document = parseObjective(text, shown(file));
      found.set(document.metadata.name, document);
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return found;
}

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
