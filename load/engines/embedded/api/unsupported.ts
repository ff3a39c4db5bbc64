type Listener = (error: TypeError) => void;

/** One for the whole thread, since a thread runs one load. */
let listener: Listener | null = null;

/** @param tell called whenever a script uses a part of k6 that this engine lacks, even if the script catches the error */
export function onUnsupported(tell: Listener): void {
  listener = tell;
}

/**
 * The error to throw when a script uses an unsupported part of k6 at run time. It makes the load fail: in k6 the iteration would have
 * continued, so a load whose iterations end at this point is not the load that was meant.
 */
export function unsupported(message: string): TypeError {
  const error = new TypeError(message);
  listener?.(error);
  return error;
}
