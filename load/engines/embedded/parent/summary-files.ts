import { writeFileSync } from 'node:fs';
import type { LoadListener } from '../../engine.ts';

type Log = NonNullable<LoadListener['log']>;

/** Writes what `handleSummary` returned: `stdout` and `stderr` to the log, everything else to files. */
export function writeSummary(files: Readonly<Record<string, string>>, log: Log): void {
  for (const [name, content] of Object.entries(files))
    if (name === 'stdout' || name === 'stderr') log('info', content);
    else
      try {
        writeFileSync(name, content);
      } catch (error) {
        log('error', `handleSummary: cannot write ${name}: ${(error as Error).message}`);
      }
}
