/** Exit codes of the command line, by what happened. */
export const EXIT = {
  met: 0,
  notMet: 1,
  inconclusive: 2,
  harness: 3,
  usage: 64,
  refused: 75,
  interrupted: 130,
  terminated: 143,
} as const;

/** An error that ends a command with an exit code of its own; its message is for people and complete. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

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
