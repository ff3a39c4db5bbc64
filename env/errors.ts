import { CommandError, EXIT } from '../host/errors.ts';

/** Something wrong with an environment file, at a place. Lines and columns count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  /** Where in the data, e.g. `topology.pools[1].count`. */
  path: string;
  found: string;
  /** What may stand there, when it can be told. */
  allowed: string | null;
  message: string;
}

/** `env/local.yaml:12:5: topology.pools[1].count: found "three"; allowed: a number` */
export function renderProblem(problem: Problem): string {
  const place = `${problem.file}:${String(problem.line)}:${String(problem.column)}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const found = problem.found === '' ? '' : `; found ${problem.found}`;
  const allowed = problem.allowed === null ? '' : `; allowed: ${problem.allowed}`;
  return `${place}: ${path}${problem.message}${found}${allowed}`;
}

/** An environment file that cannot be used; carries every problem found, not just the first. */
export class EnvironmentError extends CommandError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(renderProblem).join('\n'), EXIT.usage);
    this.name = 'EnvironmentError';
    this.problems = problems;
  }
}
