/** Log lines of a reference service. Without traces, and so without packages, for the services that only log. */
export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (level: Level, message: string, fields?: Fields) => void;

export interface LogOptions {
  readonly write?: ((line: string) => void) | undefined;
  /** Fields of the request that the calling code serves. */
  readonly around?: () => Fields;
}

/** Writes one JSON object per line; by default to the standard output. */
export function logOf(service: string, { write, around }: LogOptions = {}): Log {
  const out = write ?? ((line: string) => void process.stdout.write(line));
  return (level, message, fields) => {
    const ts = new Date().toISOString();
    out(`${JSON.stringify({ ts, level, service, msg: message, ...around?.(), ...fields })}\n`);
  };
}
