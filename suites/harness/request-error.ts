/** With this word the runner refuses what a permit does not allow, or not any more. It ends the trials of a check (runner/serve/check-run.ts). */
export const NOT_PERMITTED = 'not-permitted';

/** The runner refused or failed what a check asked for. `reason` is a word to branch on, such as `crash`, `refused`, `aborted`. */
export class RequestError extends Error {
  readonly reason: string;
  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.reason = reason;
  }
}

/** What a check asks for is not declared. */
export function undeclared(what: string): RequestError {
  return new RequestError(`the environment declares no ${what}`, 'refused');
}
