import { closeSync, fsyncSync, mkdirSync, openSync, write } from 'node:fs';
import { join } from 'node:path';
import type { HistoryHeader, NewObservation, OperationLine } from '../reports/record/history/history.ts';
import { monoMs } from '../host/clock.ts';
import { writeWhole } from '../host/write-whole.ts';
import { redactedJson } from './redact.ts';
import { errorCode } from '../reports/record/error-text.ts';

/** A history that cannot be written. What is not recorded was not observed, so this error is never ignored. */
export class HistoryError extends Error {
  readonly file: string;
  readonly code: string;
  /** The disk or the quota is full. */
  readonly full: boolean;
  /** The folder or the file may not be written, or is not there. */
  readonly unwritable: boolean;

  constructor(file: string, doing: string, cause: unknown) {
    const code = errorCode(cause) ?? String(cause);
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
    const unwritable = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR'].includes(code);
    const advice = full
      ? 'free some space'
      : unwritable
        ? 'choose a folder that can be written'
        : 'look at the disk';
    super(`history ${file}: cannot ${doing} (${code}); ${advice} and run again`, { cause });
    this.name = 'HistoryError';
    this.file = file;
    this.code = code;
    this.full = full;
    this.unwritable = unwritable;
  }
}

/** One level only: Node's recursive mkdir loops for ever where the kernel answers ENOENT below a folder that is there (/proc). */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

export interface HistoryOptions {
  /** Applied to every text of a line before it is written; see `redactor`. */
  redact?: ((text: string) => string) | undefined;
  /** Longest time that an operation stays in memory, ms. */
  flushMs?: number | undefined;
  /** Called once when writing in the background failed. `observe`, `operation` and `close` throw the same error. */
  onError?: ((error: HistoryError) => void) | undefined;
}

export type { NewObservation } from '../reports/record/history/history.ts';

/** Appends lines of another kind, which are no history of a check. */
export interface LineWriter {
  readonly file: string;
  /** Appends one object as a line; the kernel has it when this returns, so it survives the death of this process. */
  append(line: object): void;
  /** Writes what is left and closes. Safe to call twice. */
  close(): Promise<void>;
}

export interface HistoryWriter extends Omit<LineWriter, 'append'> {
  /** Appends the first line of a trial's `check.ndjson`. */
  header(header: HistoryHeader): void;
  /** Appends one observation; the kernel has it when this returns, so it survives the death of this process. */
  observe(observation: NewObservation): void;
  /** Appends one operation of a client load; the kernel has it within `flushMs`. Never blocks on the disk. */
  operation(line: OperationLine): void;
}

/**
 * A kill -9 loses at most this much of the operations. Short against the 5 s of a steady stretch, long enough that a
 * write costs one system call for several operations.
 */
const FLUSH_MS = 25;

/**
 * Opens a file of a history for appending; one writer per file. Makes the folder, but not its parents.
 * @throws HistoryError when the folder or file cannot be written.
 */
export function openHistory(folder: string, file: string, options: HistoryOptions = {}): HistoryWriter {
  return new AppendingWriter(join(folder, file), folder, options);
}

/** The same for lines that are no observations. @throws HistoryError when the folder or file cannot be written. */
export function openLines(folder: string, file: string, options: HistoryOptions = {}): LineWriter {
  return new AppendingWriter(join(folder, file), folder, options);
}

/** Starts a trial's `check.ndjson` with its header and returns the writer. */
export function writeHeader(
  folder: string,
  header: HistoryHeader,
  options: HistoryOptions = {},
): HistoryWriter {
  const writer = openHistory(folder, 'check.ndjson', options);
  writer.header(header);
  return writer;
}

class AppendingWriter implements HistoryWriter, LineWriter {
  readonly file: string;
  readonly #fd: number;
  readonly #options: HistoryOptions;
  readonly #flushMs: number;
  #pending = '';
  #timer: NodeJS.Timeout | null = null;
  /** The write in flight in the thread pool; observations queue behind it, since it may be half done. */
  #writing: Promise<void> | null = null;
  #error: HistoryError | null = null;
  #closed = false;

  constructor(file: string, folder: string, options: HistoryOptions) {
    this.file = file;
    this.#options = options;
    this.#flushMs = options.flushMs ?? FLUSH_MS;
    try {
      makeFolder(folder);
      this.#fd = openSync(file, 'a');
    } catch (error) {
      throw new HistoryError(file, 'open it', error);
    }
  }

  header(header: HistoryHeader): void {
    this.append({ ...header, t: header.anchor.monoMs });
  }

  observe(observation: NewObservation): void {
    this.append({ ...observation, t: observation.t ?? monoMs() });
  }

  append(line: object): void {
    this.#check();
    this.#pending += this.#line(line);
    // Rarely a write is in flight: then this line goes out right behind it.
    if (this.#writing === null) this.#flushNow();
  }

  operation(line: OperationLine): void {
    this.#check();
    this.#pending += this.#line(line);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flushInBackground();
    }, this.#flushMs);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    while (this.#writing !== null) await this.#writing;
    try {
      if (this.#error === null) {
        this.#flushNow();
        fsyncSync(this.#fd);
      }
    } catch (error) {
      this.#error ??=
        error instanceof HistoryError ? error : new HistoryError(this.file, 'write to it', error);
    } finally {
      closeSync(this.#fd);
    }
    if (this.#error !== null) throw this.#error;
  }

  #line(value: object): string {
    const { redact } = this.#options;
    return `${redact === undefined ? JSON.stringify(value) : redactedJson(value, redact)}\n`;
  }

  #check(): void {
    if (this.#error !== null) throw this.#error;
    if (this.#closed)
      throw new HistoryError(this.file, 'write to it after it was closed', new Error('closed'));
  }

  #flushNow(): void {
    const text = this.#pending;
    this.#pending = '';
    try {
      writeWhole(this.#fd, text);
    } catch (error) {
      this.#error = new HistoryError(this.file, 'write to it', error);
      throw this.#error;
    }
  }

  #flushInBackground(): void {
    if (this.#writing !== null || this.#pending === '' || this.#closed) return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    this.#writing = writeAll(this.#fd, bytes)
      .catch((error: unknown) => {
        this.#error = new HistoryError(this.file, 'write to it', error);
        this.#options.onError?.(this.#error);
      })
      .then(() => {
        this.#writing = null;
        if (this.#error === null) this.#flushInBackground();
      });
  }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  let left = bytes;
  while (left.length > 0) {
    const part = left;
    const written = await new Promise<number>((resolve, reject) => {
      write(fd, part, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
    left = left.subarray(written);
  }
}
