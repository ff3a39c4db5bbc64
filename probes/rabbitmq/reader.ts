import type { ConsumeMessage } from 'amqplib';
import { monoMs } from '../../host/clock.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { Link } from './link.ts';

/** One attempt to consume again, login included; the next read makes the next one. */
const OPEN_LIMIT_MS = 1000;
const CONNECT_LIMIT_MS = 100;
/** Deliveries that may be on their way unacknowledged: some seconds of reads. */
const PREFETCH = 100;

/** What the consumer has seen so far. */
export interface ReaderCounts {
  delivered: number;
  /** Delivered again, and flagged as such: what AMQP promises after a lost acknowledgement. No duplication. */
  redelivered: number;
  /** Delivered again without the flag. */
  duplicates: number;
  /** Delivered after a later message of the same publisher; redeliveries may be. */
  outOfOrder: number;
  consumers: number;
}

interface Waiting {
  sinceMs: number;
  /** Connection on which the marker is expected. */
  link: Link | null;
  resolve(tookMs: number | null): void;
}

/**
 * The consumer that runs during the writes, on a queue of its own: each read publishes a marker there and waits for its delivery. It
 * counts duplicates and messages out of order. It connects when it is needed, one attempt at a time.
 */
export class Reader {
  readonly #connection: StoreConnection;
  readonly #queue: string;
  #link: Link | null = null;
  #opening = false;
  #ended = false;
  #lastMarker = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #tally = new Tally();
  #consumers = 0;

  constructor(connection: StoreConnection, queue: string) {
    this.#connection = connection;
    this.#queue = queue;
  }

  /** The next marker, and its delivery: ms from now, or null when it is no longer awaited. */
  expect(): { marker: number; delivery: Promise<number | null> } {
    this.#ensure();
    const marker = ++this.#lastMarker;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#waiting.set(marker, { sinceMs: monoMs(), link: this.#link, resolve });
    return { marker, delivery: promise };
  }

  /**
   * A confirmed marker was not delivered in time. The consumer may be on a member that is cut off: its connection lives, but nothing
   * arrives. It reconnects, with luck to another member; a consumer that has reconnected since stays.
   */
  overdue(marker: number): void {
    const link = this.#waiting.get(marker)?.link ?? null;
    this.forget(marker);
    if (link !== null && link === this.#link) link.destroy();
  }

  forget(marker: number): void {
    this.#waiting.get(marker)?.resolve(null);
    this.#waiting.delete(marker);
  }

  /** Consumes no more; what was seen, for the history. */
  end(): NewSeen<'reader' | 'remark'>[] {
    this.#ended = true;
    this.#link?.destroy();
    const { counts } = this.#tally;
    return [
      { kind: 'reader', queue: this.#queue, ...counts },
      { kind: 'remark', text: toldOf({ ...counts, consumers: this.#consumers }) },
    ];
  }

  #ensure(): void {
    if (this.#opening || this.#ended || this.#link?.usable() === true) return;
    this.#opening = true;
    const link = new Link(this.#connection, 'plumbline-reader');
    this.#link = link;
    const timer = setTimeout(() => link.destroy(), OPEN_LIMIT_MS);
    this.#consume(link)
      // The read that waits runs into its own deadline; the next one tries again.
      .catch(() => link.destroy())
      .finally(() => {
        clearTimeout(timer);
        this.#opening = false;
      });
  }

  async #consume(link: Link): Promise<void> {
    const model = await link.open(CONNECT_LIMIT_MS);
    const channel = await model.createChannel();
    const broken = (): void => link.destroy();
    channel.on('error', broken);
    channel.on('close', broken);
    await channel.prefetch(PREFETCH);
    await channel.consume(this.#queue, (message) => {
      // Null: the server cancelled the consumer, because its queue is gone or moves.
      if (message === null) {
        link.destroy();
        return;
      }
      channel.ack(message);
      this.#took(message);
    });
    this.#consumers++;
  }

  #took(message: ConsumeMessage): void {
    const marker = Number(message.content.toString());
    this.#tally.add(marker, String(message.properties.messageId), message.fields.redelivered);
    const waiting = this.#waiting.get(marker);
    this.#waiting.delete(marker);
    waiting?.resolve(monoMs() - waiting.sinceMs);
  }
}

function toldOf(counts: ReaderCounts): string {
  const { delivered, redelivered, duplicates, outOfOrder, consumers } = counts;
  return (
    `A consumer beside the writes, on a queue of its own, took ${delivered} deliveries over ${consumers} connections: ` +
    `${redelivered} flagged as redelivered, ${duplicates} twice without the flag, ${outOfOrder} out of order.`
  );
}

/** Counts duplicates, and messages delivered after a later one of the same publisher. */
export class Tally {
  readonly counts: Omit<ReaderCounts, 'consumers'> = {
    delivered: 0,
    redelivered: 0,
    duplicates: 0,
    outOfOrder: 0,
  };
  readonly #seen = new Set<number>();
  readonly #highest = new Map<string, number>();

  add(marker: number, publisher: string, redelivered: boolean): void {
    const { counts } = this;
    counts.delivered++;
    if (redelivered) {
      counts.redelivered++;
    } else {
      if (this.#seen.has(marker)) counts.duplicates++;
      else if (marker < (this.#highest.get(publisher) ?? 0)) counts.outOfOrder++;
      this.#highest.set(publisher, Math.max(marker, this.#highest.get(publisher) ?? 0));
    }
    this.#seen.add(marker);
  }
}
