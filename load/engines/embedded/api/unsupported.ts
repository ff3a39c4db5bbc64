type Listener = (error: TypeError) => void;

/** A thread runs one load, so that there is one to be told. */
let listener: Listener | null = null;

/** @param tell called with every use of what k6 has and this engine has not, whatever the script makes of the error */
export function onUnsupported(tell: Listener): void {
  listener = tell;
}

/**
 * What to throw where a script asks at run time for what the engine has not. The load fails with it: k6 would have gone on, and a load
 * whose iterations end there is another one.
 */
export function unsupported(message: string): TypeError {
  const error = new TypeError(message);
  listener?.(error);
  return error;
}
