import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../host/json.ts';
import { redactedJson, redactor, withoutTokens } from '../../probes/redact.ts';
import { writeFileAtomically } from './run-folder.ts';

/** Only a client load's history is larger, and that is redacted as it is written. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A line of a history that quotes others, for people. */
const EVIDENCE = /^\{"kind":"evidence",.*$/gm;

/**
 * Takes secrets out of every file below a folder. What this process writes is redacted as it is written; this is for what others
 * wrote: the histories of checks and of loads. To be called when they are gone. Of evidence in histories, what looks like a
 * token is taken out as well, after the secrets: of one that is known only a part may look like a token.
 * @throws Error when a file cannot be read or replaced
 */
export function redactFolder(folder: string, secrets: readonly string[]): void {
  // Latin-1 keeps one character a byte, so that binary files survive; URLs hold the text itself.
  const bytes = secrets.map((secret) => Buffer.from(secret, 'utf8').toString('latin1'));
  const redact = redactor([...secrets, ...bytes]);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const isHistory = entry.name.endsWith('.ndjson');
    if (!entry.isFile() || (secrets.length === 0 && !isHistory) || statSync(file).size > MAX_BYTES) continue;
    const before = readFileSync(file, 'latin1');
    const redacted = redact(before);
    const after = isHistory ? redacted.replace(EVIDENCE, lineWithoutTokens) : redacted;
    if (after !== before) writeFileAtomically(file, Buffer.from(after, 'latin1'));
  }
}

/** A line that was cut off is taken as text. Both are in Latin-1. */
function lineWithoutTokens(line: string): string {
  const text = Buffer.from(line, 'latin1').toString('utf8');
  const seen = parseJson(text);
  const left = seen === undefined ? withoutTokens(text) : redactedJson(seen, withoutTokens);
  return left === text ? line : Buffer.from(left, 'utf8').toString('latin1');
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
