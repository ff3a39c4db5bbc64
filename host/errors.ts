/** Exit codes of the command line, by what happened. */
export const EXIT = {
  met: 0,
  notMet: 1,
  inconclusive: 2,
  harness: 3,
  usage: 64,
  refused: 75,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** Exit codes of the signals that end a command in good order: 128 and the number of the signal, as shells report it. */
export const SIGNAL_EXITS = {
  SIGHUP: EXIT.hungUp,
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
} as const;
export type InterruptSignal = keyof typeof SIGNAL_EXITS;
export const INTERRUPTS = Object.keys(SIGNAL_EXITS) as InterruptSignal[];

/** What each of them means, for the reference. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  met: 'met, or done',
  notMet: 'not met: a check failed, a declared thing is absent, or the environment was not restored',
  inconclusive:
    'inconclusive: no data, too few samples, a source unreachable, rights missing, or an embedded environment half up; `doctor`: something is missing',
  harness: 'the harness itself failed, or the runs folder or what a command prints cannot be written',
  usage:
    'wrong input: environment, profile, YAML, a glob that matches nothing, a missing kubeconfig or variable, a cluster that is not the pinned one, a machine that cannot hold an environment, a Node.js that is too old, packages that are not installed',
  refused:
    "refused for now: a permit, --yes, error budget or Plumbline's own namespace is missing, another run holds the environment, the kill switch is set, or a run on another machine has left something open",
  hungUp: 'the terminal was closed (SIGHUP), after restoring',
  interrupted: 'interrupted, after restoring',
  terminated: 'ended by SIGTERM, after restoring',
};

/** An error that ends a command with its own exit code. Its message is printed as it is, so it must be complete. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The exit code that an error asks for, if it does. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
    return error.exitCode;
  return undefined;
}
