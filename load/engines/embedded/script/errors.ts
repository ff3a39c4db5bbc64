/** Something in a script that this engine cannot load or does not support, with file and line. */
export class ScriptError extends Error {
  readonly file: string;
  /** From 1; 0: unknown. */
  readonly line: number;

  constructor(place: { file: string; line: number }, what: string, cause?: unknown) {
    super(`${place.file}${place.line > 0 ? `:${place.line}` : ''}: ${what}`, { cause });
    this.name = 'ScriptError';
    this.file = place.file;
    this.line = place.line;
  }
}
