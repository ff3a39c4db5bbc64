/**
 * Passing histories in tests/histories/, with which judges are tested: one file per check, with dots for the slashes of its id.
 * `NAME.ndjson.gz` was recorded in a run. `NAME.ndjson` was written by hand; its first line says why. Both contain the same text:
 * A recorded one in which `assumed` stands has fields or lines that its run did not record yet.
 *
 *     {"stored":1,"check":"…","recorded":{"run":"…","commit":"…"}}      or      {"stored":1,"check":"…","handwritten":"why"}
 *     # trial-01/check.ndjson
 *     …the lines of that file…
 *     # trial-01/client-load.ndjson
 *     …
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Trial } from '../../reports/mutation/mutant.ts';
import type { Observation } from '../../reports/record/history/history.ts';
import { HistoryReader } from '../../reports/record/history/read-history.ts';

export const STORED_FOLDER = path.join(import.meta.dirname, '..', '..', 'tests', 'histories');
const SLOWEST_AND_SMALLEST = 9;

const headSchema = z.strictObject({
  stored: z.literal(1),
  check: z.string(),
  recorded: z.strictObject({ run: z.string(), commit: z.string().nullable() }).optional(),
  /** What of it no run has recorded. */
  assumed: z.string().min(1).optional(),
  /** Why no run here can record this history. */
  handwritten: z.string().min(1).optional(),
});
export type StoredHead = z.infer<typeof headSchema>;

export interface StoredFile {
  /** `trial-01`. */
  trial: string;
  name: string;
  text: string;
}

export interface Stored {
  head: StoredHead;
  files: StoredFile[];
}

/** A stored history is unusable, for the reason in the message. */
export class StoredHistoryError extends Error {
  override readonly name = 'StoredHistoryError';
}

/** The file of a check's stored history; null if there is none. */
export function storedPath(check: string, folder = STORED_FOLDER): string | null {
  const base = path.join(folder, check.replaceAll('/', '.'));
  return [`${base}.ndjson.gz`, `${base}.ndjson`].find((file) => existsSync(file)) ?? null;
}

/** @throws StoredHistoryError if the file does not have the format above */
export function readStored(file: string): Stored {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [first = '', ...lines] = text.split('\n');
  const files: StoredFile[] = [];
  let open: string[] = [];
  const close = (): void => {
    const last = files.at(-1);
    if (last !== undefined) last.text = open.map((line) => `${line}\n`).join('');
    open = [];
  };
  for (const line of lines) {
    const named = /^# (trial-\d+)\/(\S+)$/.exec(line);
    if (named === null) {
      if (line !== '') open.push(line);
      continue;
    }
    close();
    files.push({ trial: named[1] ?? '', name: named[2] ?? '', text: '' });
  }
  close();
  return { head: headOf(first, file), files };
}

function headOf(line: string, file: string): StoredHead {
  try {
    const head = headSchema.parse(JSON.parse(line));
    if ((head.recorded === undefined) === (head.handwritten === undefined))
      throw new Error('it must have either "recorded" or "handwritten"');
    return head;
  } catch (cause) {
    throw new StoredHistoryError(`${file}: its first line is invalid: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Replaces the stored history of the check. */
export function writeStored({ head, files }: Stored, folder = STORED_FOLDER): string {
  const text = [
    `${JSON.stringify(head)}\n`,
    ...files.map(({ trial, name, text: lines }) => `# ${trial}/${name}\n${lines}`),
  ].join('');
  mkdirSync(folder, { recursive: true });
  const old = storedPath(head.check, folder);
  if (old !== null) rmSync(old);
  const plain = path.join(folder, `${head.check.replaceAll('/', '.')}.ndjson`);
  if (head.handwritten !== undefined) {
    writeFileSync(plain, text);
    return plain;
  }
  writeFileSync(`${plain}.gz`, gzipSync(text, { level: SLOWEST_AND_SMALLEST }));
  return `${plain}.gz`;
}

/**
 * The trials, as they are read from a run's folder.
 * @throws UnreadableHistoryError like reading a folder; StoredHistoryError for a damaged line
 */
export function trialsOf({ head, files }: Stored): Trial[] {
  const names = [...new Set(files.map(({ trial }) => trial))].toSorted();
  return names.map((trial) => {
    const reader = new HistoryReader();
    const fileOf = new Map<Observation, string>();
    const own = files.filter((file) => file.trial === trial);
    for (const { name, text } of own.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      for (const seen of reader.take(name, Buffer.from(text))) fileOf.set(seen, name);
    const history = reader.finish(`${head.check} ${trial}`);
    const [damaged] = history.damaged;
    if (damaged !== undefined)
      throw new StoredHistoryError(
        `${head.check} ${trial}: a line is damaged: ${damaged.file}:${damaged.line}`,
      );
    const { run } = head.recorded ?? {};
    const named = run === undefined ? history.header : { ...history.header, run };
    return { history: { ...history, header: named }, files: fileOf };
  });
}
