/** Log lines as logstash-logback-encoder 8.0 writes them (its README, "Standard Fields"), with the trace id as Micrometer Tracing 1.5 names it. */
type Level = 'INFO' | 'WARN' | 'ERROR';
type Fields = Readonly<Record<string, string | number | undefined>>;
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** Logback's numbers. */
const VALUES: Readonly<Record<Level, number>> = { INFO: 20_000, WARN: 30_000, ERROR: 40_000 };

/** Writes one JSON object a line; by default to the standard output. */
export function logOf(logger: string, write?: (line: string) => void): Log {
  const out = write ?? ((line: string) => void process.stdout.write(line));
  return (level, message, fields) => {
    const line = {
      '@timestamp': new Date().toISOString(),
      '@version': '1',
      message,
      logger_name: logger,
      thread_name: 'main',
      level,
      level_value: VALUES[level],
      application: 'bid-desk', // of `customFields`, as teams tell their services apart
      ...fields,
    };
    out(`${JSON.stringify(line)}\n`);
  };
}
