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
