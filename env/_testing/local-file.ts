/** For unit tests: the file of the local environment with a mistake in it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkFindings } from '../../suites/catalogue/plan/references.ts';
import { EnvironmentError, renderProblem } from '../errors.ts';
import { parseEnvironment } from '../loader.ts';

export const GOOD = await readFile(path.join(import.meta.dirname, '..', 'local.yaml'), 'utf8');

/** The line after which goals of checks follow. */
export const GOALS = "goals: # what differs from the catalogue's";

/** The problems of the file with one piece of text replaced, as they are shown. */
export const problemsWith = (before: string | RegExp, after: string): string[] =>
  problemsIn(GOOD.replace(before, after));

/** The problems of the file as it is changed, as they are shown. */
export function problemsIn(text: string): string[] {
  assert.notEqual(text, GOOD, 'nothing was changed');
  try {
    parseEnvironment(text, 'env/local.yaml', checkFindings);
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    assert.equal(error.exitCode, 64);
    return error.problems.map(renderProblem);
  }
  return [];
}
