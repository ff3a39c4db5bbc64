/** Message of an error; any other thrown value as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Errno or other textual code of an error, such as ECONNREFUSED; null: it has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Message of an error, with its code before it where the message does not hold it. */
export function codedText(error: unknown): string {
  const [code, said] = [errorCode(error), errorText(error)];
  return code === null || said.includes(code) ? said : `${code}: ${said}`;
}

/** Stack of an error and of its causes, for debugging this program. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** The beginning of an error's message, on one line: enough to tell classes of errors apart. */
export function firstWords(message: string, most = 60): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, most);
}

/** An error as it is; any other thrown value or abort reason wrapped in an error. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
