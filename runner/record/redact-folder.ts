import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { redactor } from '../../probes/redact.ts';
import { writeFileAtomically } from './run-folder.ts';

/** Only a client load's history is larger, and that is redacted as it is written. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Takes secrets out of every file below a folder. What this process writes is redacted as it is written; this is for what others
 * wrote: Playwright's logs and output, the histories of its workers. To be called when they are gone.
 * @throws Error when a file cannot be read or replaced
 */
export function redactFolder(folder: string, secrets: readonly string[]): void {
  if (secrets.length === 0) return;
  // Latin-1 keeps one character a byte, so that binary files survive; URLs hold the text itself.
  const bytes = secrets.map((secret) => Buffer.from(secret, 'utf8').toString('latin1'));
  const redact = redactor([...secrets, ...bytes]);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || statSync(file).size > MAX_BYTES) continue;
    const before = readFileSync(file, 'latin1');
    const after = redact(before);
    if (after !== before) writeFileAtomically(file, Buffer.from(after, 'latin1'));
  }
}

/**
 * Does the work, then redacts in the folder the secrets that were read meanwhile, even if the work fails.
 * @throws what the work throws; Error when a file cannot be read or replaced
 */
export async function swept<T>(
  folder: string,
  secrets: () => readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    redactFolder(folder, secrets());
  }
}
