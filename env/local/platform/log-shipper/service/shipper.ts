/**
 * Follows the node's log files and stores their lines. The files are the queue: a position moves only when the store has acknowledged what lies
 * before it, so that neither a store that is away nor a node that dies costs a line, and what is sent twice has the same id and is stored once.
 */
import type { Telemetry } from '../../service-kit/telemetry.ts';
import { sizeOf, type Files, type Followed } from './files.ts';
import { recordOf, type LogRecord } from './record.ts';
import type { LogStore } from './store.ts';
import { readLines } from './tail.ts';

export interface ShipperOptions {
  readonly node: string;
  readonly files: Files;
  readonly store: Pick<LogStore, 'prepared' | 'send' | 'lastRefusal'>;
  readonly log: Telemetry['log'];
}

export interface Counts {
  stored: number;
  refused: number;
  failures: number;
  /** Wall clock, ms, of the last batch that the store acknowledged; 0 before the first. */
  lastStoredMs: number;
}

const MOST_LINES = 2_000;
const LONGEST_PAUSE_MS = 5_000;
/** Rounds between two looks at which files there are, of half a second each (main.ts): a container that is gone sooner is not seen. */
const SCAN_EVERY = 2;

/** What one round takes: lines, and where each file stands once they are stored. */
interface Batch {
  readonly records: LogRecord[];
  readonly moves: Map<Followed, number>;
}

export class Shipper {
  readonly #options: ShipperOptions;
  readonly counts: Counts = { stored: 0, refused: 0, failures: 0, lastStoredMs: 0 };
  #followed: readonly Followed[] = [];
  /** Where the next round begins: one busy file must not keep others waiting. */
  #first = 0;
  #rounds = 0;
  #prepared = false;
  /** Failures of the store in a row. */
  #failing = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
  }

  /**
   * One round: looks, reads, stores, remembers. Never rejects.
   * @returns how long to pause before the next; 0 while there is more to ship
   */
  async round(pauseMs: number): Promise<number> {
    try {
      if (!(await this.#isPrepared())) return pauseMs;
      if (this.#rounds++ % SCAN_EVERY === 0) this.#followed = await this.#options.files.scan();
      const batch = await this.#read();
      if (batch.moves.size > 0) await this.#ship(batch);
      this.#failing = 0;
      return batch.records.length >= MOST_LINES ? 0 : pauseMs;
    } catch (error) {
      this.counts.failures += 1;
      // Told once: the store's own absence is seen by whoever looks for it, and each line would have to be shipped.
      if (this.#failing++ === 0)
        this.#options.log('warn', 'the log store does not answer', { cause: String(error) });
      return Math.min(pauseMs * 2 ** this.#failing, LONGEST_PAUSE_MS);
    }
  }

  async #isPrepared(): Promise<boolean> {
    if (!this.#prepared) {
      this.#prepared = await this.#options.store.prepared();
      if (this.#prepared) this.#options.log('info', 'the log store is prepared');
    }
    return this.#prepared;
  }

  async #read(): Promise<Batch> {
    const batch: Batch = { records: [], moves: new Map() };
    const all = this.#followed;
    const inOrder = [...all.slice(this.#first), ...all.slice(0, this.#first)];
    let looked = 0;
    for (const followed of inOrder) {
      if (batch.records.length >= MOST_LINES) break;
      looked += 1;
      if (sizeOf(followed) <= followed.offset) continue;
      const read = await readLines(followed.file, followed.offset);
      if (read.next === followed.offset) continue;
      batch.records.push(...read.lines.map((line) => recordOf(line, followed.source, this.#options.node)));
      batch.moves.set(followed, read.next);
    }
    this.#first = all.length === 0 ? 0 : (this.#first + looked) % all.length;
    return batch;
  }

  async #ship({ records, moves }: Batch): Promise<void> {
    const { store, files, log } = this.#options;
    let left: readonly LogRecord[] = records;
    // The store is busy: the rest of the batch alone is sent again, at the next round's pace when it stays so.
    for (let attempt = 0; left.length > 0; attempt++) {
      const outcome = await store.send(left);
      this.counts.stored += outcome.stored;
      this.counts.refused += outcome.refused;
      if (outcome.refused > 0)
        log('error', 'the log store refuses lines', { refused: outcome.refused, cause: store.lastRefusal });
      left = outcome.again;
      if (left.length > 0 && attempt === 2)
        throw new Error(`${String(left.length)} lines were put off three times`);
    }
    for (const [followed, next] of moves) followed.offset = next;
    this.counts.lastStoredMs = Date.now();
    await files.save();
  }
}
