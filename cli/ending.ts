/** Exit code and error text of a command that threw. */
import { CommanderError } from 'commander';
import { EXIT } from '../host/errors.ts';

/** Errors of other layers that carry no exit code of their own. */
const CODES_BY_NAME: Record<string, number> = {
  PreflightError: EXIT.usage,
  EnvironmentHeldError: EXIT.refused,
  // The embedded environment is half up: something of it was not ready in time. The message says what.
  NotReadyError: EXIT.inconclusive,
  DeadlineError: EXIT.inconclusive,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.met : EXIT.usage;
  if (!(error instanceof Error)) return EXIT.harness;
  if ('exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  return CODES_BY_NAME[error.name] ?? EXIT.harness;
}

/** Error lines to print. The stack is added only when the harness itself failed; commander prints its own errors. */
export function linesOf(error: unknown): string[] {
  if (error instanceof CommanderError) return [];
  if (!(error instanceof Error)) return [String(error)];
  const { message, stack } = error;
  return exitCodeOf(error) === EXIT.harness && stack !== undefined ? [message, stack] : [message];
}
