import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CommandError, EXIT } from '../../../host/errors.ts';
import { writeWhole } from '../../../host/write-whole.ts';
import { entrySchema, stateSchema } from './entry-schema.ts';
import type { Entry, EntryState } from '../types.ts';

/** A line of the file: an entry recorded before its action, a later state of one, or the number of a damaged line that was reported. */
type Line = { entry: Entry } | z.infer<typeof stateSchema> | { said: number };

const lineSchema = z.union([z.object({ entry: entrySchema }), stateSchema, z.object({ said: z.int() })]);
/** What identifies an entry that does not match the schema. */
const namedSchema = z.object({
  entry: z.looseObject({
    seq: z.int().optional(),
    title: z.string().optional(),
    check: z.string().optional(),
  }),
});

/** A line that cannot be read. */
export type Damage = {
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong with it, and where it is. */
  readonly text: string;
  /**
   * `cut`: half a line, as a crash leaves it; its action had not begun, or an undo that it recorded is found done. `unfit`: an entry that
   * this version cannot run, so its action stays in force.
   */
  readonly kind: 'cut' | 'unfit';
};

type Read = { readonly line: Line } | { readonly damage: Damage; readonly seq: number };

const FILE = 'journal.ndjson';

/** From this many lines on, a journal with nothing open starts a new file; the old one is kept as evidence. */
const ROTATE_LINES = 2000;

/**
 * The rollback journal on disk: append-only lines, each on the disk (fsync) before the action that it tells of. Several
 * processes may append (the harness, the timer on the host): a line is one write to a file opened for appending.
 */
export class Journal {
  readonly folder: string;
  readonly #file: string;

  /** Creates the folder when it is missing. @throws CommandError (75) where others may write to it */
  constructor(folder: string) {
    this.folder = folder;
    this.#file = join(folder, FILE);
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      syncFolder(dirname(folder));
    }
    // What it holds is done as it stands there, and often as root.
    const { uid, mode } = statSync(folder);
    if ((mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.()))
      throw new CommandError(
        `the journal's folder ${folder} can be written by others (owner ${uid}, mode ${(mode & 0o7777).toString(8)}): whoever writes there decides what is undone; make it yours alone (chown, chmod 700), after a look at what it holds`,
        EXIT.refused,
      );
  }

  /** All entries that can be read, with their latest state, in the order of recording. */
  entries(): Entry[] {
    const found = new Map<number, Entry>();
    for (const line of this.#lines()) {
      if ('entry' in line) found.set(line.entry.seq, line.entry);
      else if ('seq' in line) {
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

  /** Unreadable lines that were not reported yet. An entry that cannot be run is reported every time, until a line settles it. */
  damaged(): Damage[] {
    const read = this.#read();
    const lines = read.flatMap((one) => ('line' in one ? [one.line] : []));
    const said = new Set(lines.flatMap((line) => ('said' in line ? [line.said] : [])));
    const settled = new Set(
      lines.flatMap((line) => ('state' in line && ['done', 'void'].includes(line.state) ? [line.seq] : [])),
    );
    return read.flatMap((one) => {
      if (!('damage' in one)) return [];
      const known = one.damage.kind === 'cut' ? said.has(one.damage.line) : settled.has(one.seq);
      return known ? [] : [one.damage];
    });
  }

  /** Records that a cut line was reported, so that it is not reported again. */
  acknowledge({ line }: Damage): void {
    this.#append({ said: line });
  }

  /**
   * Records an entry; on the disk when it returns. Only then may the action begin.
   * @throws Error of the file system, and then nothing may be done.
   */
  record(entry: Omit<Entry, 'seq' | 'state'>): Entry {
    // Above those of unreadable entries, too: settling one must not settle another.
    const seq = Math.max(0, ...this.#read().map(seqOf)) + 1;
    const recorded: Entry = { ...entry, seq, state: 'pending' };
    this.#append({ entry: recorded });
    return recorded;
  }

  setState(seq: number, state: EntryState, note?: string): void {
    this.#append({ seq, state, ...(note === undefined ? {} : { note }) });
  }

  /** Starts a new file when the present one is long and holds nothing open. Only under the Lease. */
  rotate(): void {
    const entries = this.entries();
    if (entries.length < ROTATE_LINES || this.open().length + this.damaged().length > 0) return;
    renameSync(this.#file, join(this.folder, `journal-until-${entries.at(-1)?.seq ?? 0}.ndjson`));
    const last = entries.at(-1);
    if (last) this.#append({ entry: last });
  }

  #append(line: Line): void {
    const isNew = !existsSync(this.#file);
    const fd = openSync(this.#file, 'a', 0o600);
    try {
      // A crash may have left half a line; a newline in front keeps it from swallowing this one.
      const prefix = isNew || this.#endsWithNewline() ? '' : '\n';
      // On a full disk this throws, and nothing begins.
      writeWhole(fd, `${prefix}${JSON.stringify(line)}\n`);
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
    return this.#read().flatMap((one) => ('line' in one ? [one.line] : []));
  }

  #read(): Read[] {
    if (!existsSync(this.#file)) return [];
    const texts = readFileSync(this.#file, 'utf8').split('\n');
    return texts.flatMap((text, i) => (text === '' ? [] : [this.#parse(text, i + 1)]));
  }

  #parse(text: string, number: number): Read {
    const place = `${this.#file}:${number}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      const damage = {
        line: number,
        kind: 'cut',
        text: `${place}: half a line, as a crash leaves it`,
      } as const;
      return { damage, seq: 0 };
    }
    const parsed = lineSchema.safeParse(value);
    if (parsed.success) return { line: parsed.data };
    const {
      seq = 0,
      title = 'an entry without a title',
      check = '?',
    } = namedSchema.safeParse(value).data?.entry ?? {};
    const why = entryTrouble(value);
    return {
      damage: {
        line: number,
        kind: 'unfit',
        text: `${place}: ${title} (${check}) cannot be undone by this version: ${why}; undo it by hand and remove the line`,
      },
      seq,
    };
  }
}

/** Where an entry does not match the schema. */
function entryTrouble(value: unknown): string {
  const { error } = z.object({ entry: entrySchema }).safeParse(value);
  const [first] = error?.issues ?? [];
  return first === undefined
    ? 'not a line of a rollback journal'
    : `${first.path.join('.')}: ${first.message}`;
}

function seqOf(read: Read): number {
  if ('damage' in read) return read.seq;
  if ('entry' in read.line) return read.line.entry.seq;
  return 'seq' in read.line ? read.line.seq : 0;
}

/** A new file survives a crash only once its folder is synced. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
