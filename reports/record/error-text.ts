/** What an error says; of anything else that was thrown, its text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Its errno or other code in words, such as ECONNREFUSED; null: it has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Its stack and those of its causes, for whoever looks for the fault in this program. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** The beginning of what an error says, on one line: enough to tell classes of errors from each other. */
export function firstWords(message: string, most = 60): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, most);
}

/** An error as it is; anything else that was thrown, or that a signal was aborted with, as one. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
