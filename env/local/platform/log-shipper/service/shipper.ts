/**
 * Follows the node's log files and stores their lines. The files are the queue: a position advances only when the store has acknowledged
 * everything before it. So no line is lost when the store is unavailable or the node dies. A line that is sent twice has the same id and is
 * stored once.
 */
import type { Log } from '../../service-kit/log.ts';
import { sizeOf, type Files, type Followed } from './files.ts';
import { recordOf, type LogRecord } from './record.ts';
import type { LogStore } from './store.ts';
import { readLines } from './tail.ts';

export interface ShipperOptions {
  readonly node: string;
  readonly files: Files;
  readonly store: Pick<LogStore, 'prepared' | 'send' | 'lastRefusal'>;
  readonly log: Log;
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
/** Rounds (of half a second, main.ts) between two scans for files. A container whose log exists for a shorter time may be missed. */
const SCAN_EVERY = 2;

/** The lines of one round, and the position of each file after they are stored. */
interface Batch {
  readonly records: LogRecord[];
  readonly moves: Map<Followed, number>;
}

export class Shipper {
  readonly #options: ShipperOptions;
  readonly counts: Counts = { stored: 0, refused: 0, failures: 0, lastStoredMs: 0 };
  #followed: readonly Followed[] = [];
  /** Index of the file with which the next round begins, so that a busy file does not keep others waiting. */
  #first = 0;
  #rounds = 0;
  #prepared = false;
  /** Consecutive failures of the store. */
  #failing = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
  }

  /**
   * One round: scans for files, reads, stores, saves positions. Never rejects.
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
      // Logged once per outage: this line must be shipped too, and the outage itself is visible elsewhere.
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
    // A busy store may accept only a part of the batch. The rest is sent again, up to three times, then in the next round.
    for (let attempt = 0; left.length > 0; attempt++) {
      const outcome = await store.send(left);
      this.counts.stored += outcome.stored;
      this.counts.refused += outcome.refused;
      if (outcome.refused > 0)
        log('error', 'the log store refuses lines', { refused: outcome.refused, cause: store.lastRefusal });
      left = outcome.again;
      if (left.length > 0 && attempt === 2)
        throw new Error(`the log store was too busy for ${String(left.length)} lines three times`);
    }
    for (const [followed, next] of moves) followed.offset = next;
    this.counts.lastStoredMs = Date.now();
    await files.save();
  }
}
