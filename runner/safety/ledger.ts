import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry, EntryState } from './types.ts';

/** A line of the file: an entry as recorded before its action, or what became of it. */
type Line = { entry: Entry } | { seq: number; state: EntryState; note?: string };

/** From this many lines on, a ledger with nothing open starts a new file; the old one is kept as evidence. */
const ROTATE_LINES = 2000;

/**
 * The undo ledger on disk: append-only lines, each on the disk (fsync) before the action that it tells of. Several
 * processes may append (the harness, the timer on the host): a line is one write to a file opened for appending.
 */
export class Ledger {
  readonly folder: string;
  readonly #file: string;

  /** Creates the folder when it is missing. */
  constructor(folder: string) {
    this.folder = folder;
    this.#file = join(folder, 'ledger.ndjson');
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      syncFolder(dirname(folder));
    }
  }

  /** All entries with their latest state, in the order of recording. A line that was cut by a crash is ignored. */
  entries(): Entry[] {
    const found = new Map<number, Entry>();
    for (const line of this.#lines()) {
      if ('entry' in line) found.set(line.entry.seq, line.entry);
      else {
        const entry = found.get(line.seq);
        if (entry)
          found.set(line.seq, {
            ...entry,
            state: line.state,
            ...(line.note === undefined ? {} : { note: line.note }),
          });
      }
    }
    return [...found.values()];
  }

  /** What is still to be undone, in the order of recording: never tried, or tried in vain. */
  open(): Entry[] {
    return this.entries().filter(({ state }) => state === 'pending' || state === 'failed');
  }

  /**
   * Records an entry; on the disk when it returns. Only then may the action begin.
   * @throws Error of the file system, and then nothing may be done.
   */
  record(entry: Omit<Entry, 'seq' | 'state'>): Entry {
    const seq = Math.max(0, ...this.entries().map((one) => one.seq)) + 1;
    const recorded: Entry = { ...entry, seq, state: 'pending' };
    this.#append({ entry: recorded });
    return recorded;
  }

  mark(seq: number, state: EntryState, note?: string): void {
    this.#append({ seq, state, ...(note === undefined ? {} : { note }) });
  }

  /** Starts a new file when the present one is long and holds nothing open. Only under the Lease. */
  rotate(): void {
    const entries = this.entries();
    if (entries.length < ROTATE_LINES || this.open().length > 0) return;
    renameSync(this.#file, join(this.folder, `ledger-until-${entries.at(-1)?.seq ?? 0}.ndjson`));
    const last = entries.at(-1);
    if (last) this.#append({ entry: last });
  }

  #append(line: Line): void {
    const isNew = !existsSync(this.#file);
    const fd = openSync(this.#file, 'a', 0o600);
    try {
      // A crash may have left half a line; a newline in front keeps it from swallowing this one.
      const prefix = isNew || this.#endsWithNewline() ? '' : '\n';
      writeSync(fd, `${prefix}${JSON.stringify(line)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (isNew) syncFolder(this.folder);
  }

  #endsWithNewline(): boolean {
    const text = readFileSync(this.#file);
    return text.length === 0 || text.at(-1) === 0x0a;
  }

  #lines(): Line[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').flatMap(parseLine);
  }
}

function parseLine(text: string): Line[] {
  if (text === '') return [];
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}

/** A new name is only on the disk when its folder is. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
