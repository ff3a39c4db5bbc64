/** Reads k6's standard error and standard output. */
import type { LoadListener } from '../engine.ts';
import type { Tally } from '../measurement/tally.ts';
import { Lines } from './lines.ts';

const LINES_KEPT = 50;
const LONGEST_KEPT = 2000;

type Level = Parameters<NonNullable<LoadListener['log']>>[0];
const LEVELS: Readonly<Record<string, Level>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
};

type Entry = { level?: unknown; msg?: unknown; source?: unknown; error?: unknown };

function entryOf(line: string): Entry | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : null;
  } catch {
    return null;
  }
}

/** Reads k6's log (`--log-format json` on standard error): the script's log, errors thrown by iterations, and the last lines. */
export class LogReader {
  readonly lines: Lines;
  /** The last 50 lines, without the values of variables. */
  readonly tail: string[] = [];
  /** The last error; empty: none. */
  lastError = '';
  readonly #listener: LoadListener;
  readonly #redact: (text: string) => string;
  readonly #errors: Tally;

  /** @param errors counts what iterations throw */
  constructor(listener: LoadListener, redact: (text: string) => string, errors: Tally) {
    this.#listener = listener;
    this.#redact = redact;
    this.#errors = errors;
    this.lines = new Lines((line) => this.#line(line));
  }

  #line(line: string): void {
    const entry = entryOf(line);
    if (entry === null || typeof entry.msg !== 'string') {
      // Not a log line, but often the reason of a failure: a Go panic, or a message of the dynamic loader.
      this.#keep(this.#redact(line));
      return;
    }
    const level = LEVELS[String(entry.level)] ?? 'info';
    const cause = typeof entry.error === 'string' ? ` (${entry.error})` : '';
    const text = this.#redact(`${entry.msg}${cause}`);
    this.#keep(`${level}: ${text}`);
    if (entry.source === 'console') this.#listener.log?.(level, text);
    else if (level === 'error') this.#error(text, entry.source === 'stacktrace');
  }

  #error(text: string, thrown: boolean): void {
    const [first = ''] = text.split('\n');
    this.lastError = first.slice(0, LONGEST_KEPT);
    if (thrown) this.#errors.add(first);
  }

  #keep(text: string): void {
    this.tail.push(text.slice(0, LONGEST_KEPT));
    if (this.tail.length > LINES_KEPT) this.tail.shift();
  }
}

/** Reads the number of interrupted iterations from the progress on k6's standard output. */
export class ProgressReader {
  interrupted = 0;
  readonly lines = new Lines((line) => {
    const count = /\b\d+ complete and (\d+) interrupted iterations\b/.exec(line)?.[1];
    if (count !== undefined) this.interrupted = Number(count);
  });
}
