import type { Channel, ConfirmChannel, Options } from 'amqplib';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { errorClass, isDefiniteFailure, RETURNED } from './errors.ts';
import { Link } from './link.ts';
import { optionsOf, readerQueue, recordQueue, runBefore } from './options.ts';
import { Reader } from './reader.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/**
 * Canary queues go by themselves when nobody has used them for so long, ms. Publishing is no use: no trial may take as long. Of a series,
 * each trial takes away those of the one before, which has been read back and judged: thirty trials of some 4,000 messages each came to the
 * members' memory alarm (seen), and every queue is one more to recover for a member that starts.
 */
const EXPIRES_MS = 2 * 3_600_000;

/**
 * RabbitMQ's part of the client load. A write is one persistent message through the default exchange to the run's queue, published as
 * `mandatory` on a channel with confirms: acknowledged means confirmed and not returned, since what no queue takes is confirmed too.
 */
export class RabbitLoadClient implements LoadClient {
  readonly #connection: StoreConnection;
  readonly #run: string;
  readonly #reader: Reader;
  #sessions = 0;

  constructor(connection: StoreConnection, run: string) {
    this.#connection = connection;
    this.#run = run;
    this.#reader = new Reader(connection, readerQueue(run));
  }

  /** Both queues are made over one connection, which puts both leaders on its node: the fault that aims at one hits the reader's. */
  async prepare(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    await this.#forgetTrialBefore(deadlineMs / 3);
    await this.#declare(Math.max(1, endMs - performance.now()));
  }

  /** Leftover queues only add to the number of queues: a member that does not answer now is no reason to fail. */
  async #forgetTrialBefore(deadlineMs: number): Promise<void> {
    const run = runBefore(this.#run);
    if (run === null) return;
    await this.#once('forget', deadlineMs, async (channel) => {
      for (const queue of [recordQueue(run), readerQueue(run)]) await channel.deleteQueue(queue);
    }).catch(() => undefined); // They expire.
  }

  #declare(deadlineMs: number): Promise<void> {
    return this.#once('prepare', deadlineMs, async (channel) => {
      for (const queue of [recordQueue(this.#run), readerQueue(this.#run)])
        await channel.assertQueue(queue, declarationOf(this.#connection));
    });
  }

  /** Something done to queues over a connection of its own, within the deadline. */
  async #once(name: string, deadlineMs: number, work: (channel: Channel) => Promise<void>): Promise<void> {
    const link = new Link(this.#connection, `plumbline-${name}`);
    const timer = setTimeout(() => link.destroy(), deadlineMs);
    try {
      const channel = await (await link.open(deadlineMs)).createChannel();
      channel.on('error', (error: Error) => (link.cause ??= error));
      await work(channel);
    } finally {
      clearTimeout(timer);
      link.destroy();
    }
  }

  session(): ClientLoadSession {
    const name = `${process.pid}.${++this.#sessions}`;
    return new RabbitSession({
      name,
      link: new Link(this.#connection, `plumbline-client-load ${name}`),
      record: recordQueue(this.#run),
      markers: readerQueue(this.#run),
      reader: this.#reader,
    });
  }

  refused(error: unknown): boolean {
    return errorCode(error) === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }

  end(): ReturnType<Reader['end']> {
    return this.#reader.end();
  }
}

/** As the environment says; controls say otherwise. Initial members, where it does not: all of the cluster (RabbitMQ's default is 3 of them). */
export function declarationOf(connection: StoreConnection): Options.AssertQueue {
  const { queue, members } = optionsOf(connection);
  const { type, durable, replicas = members } = queue;
  const size = type === 'quorum' && replicas !== undefined ? { 'x-quorum-initial-group-size': replicas } : {};
  return { durable, arguments: { 'x-queue-type': type, 'x-expires': EXPIRES_MS, ...size } };
}

interface SessionParts {
  /** Names the publisher in its messages, so that the reader can judge their order. */
  name: string;
  link: Link;
  record: string;
  markers: string;
  reader: Reader;
}

class RabbitSession implements ClientLoadSession {
  readonly #parts: SessionParts;
  #channel: ConfirmChannel | null = null;
  /** Why the server closed the channel. */
  #closed: Error | null = null;
  /** The current message was returned. */
  #returned: string | null = null;
  /** The marker that a read waits for, and whether the server has confirmed that it has it. */
  #marker: { n: number; confirmed: boolean } | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async open(connectTimeoutMs: number): Promise<void> {
    const model = await this.#parts.link.open(connectTimeoutMs);
    const channel = await model.createConfirmChannel();
    channel.on('error', (error: Error) => (this.#closed ??= error));
    channel.on('close', () => (this.#channel = null));
    channel.on('return', ({ fields }) => {
      const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string };
      this.#returned = `${replyCode} ${replyText}`;
    });
    this.#channel = channel;
  }

  async write(n: number): Promise<OperationResult> {
    return this.#publish(this.#parts.record, n);
  }

  async read(): Promise<OperationResult> {
    const { reader, markers } = this.#parts;
    const { marker, delivery } = reader.expect();
    const waiting = { n: marker, confirmed: false };
    this.#marker = waiting;
    const sent = await this.#publish(markers, marker);
    if (sent.outcome !== 'ok') {
      reader.forget(marker);
      return { outcome: 'unknown', detail: sent.detail ?? sent.outcome };
    }
    waiting.confirmed = true;
    const tookMs = await delivery;
    this.#marker = null;
    if (tookMs === null) return { outcome: 'unknown', detail: 'not delivered' };
    // Not a bare number: a delivery comes after the confirm by right, so that there is no staleness to judge.
    return { outcome: 'ok', detail: `marker=${marker} after=${tookMs.toFixed(1)}` };
  }

  usable(): boolean {
    return this.#channel !== null && this.#parts.link.usable();
  }

  destroy(): void {
    this.#channel = null;
    this.#parts.link.destroy();
    if (this.#marker === null) return;
    const { n, confirmed } = this.#marker;
    this.#marker = null;
    if (confirmed) this.#parts.reader.overdue(n);
    else this.#parts.reader.forget(n);
  }

  async #publish(queue: string, n: number): Promise<OperationResult> {
    const channel = this.#channel;
    if (channel === null) return { outcome: 'fail', detail: 'connect: no channel' };
    this.#returned = null;
    const properties = { persistent: true, mandatory: true, messageId: this.#parts.name };
    try {
      await new Promise<void>((resolve, reject) => {
        const confirmed = (error: unknown): void => {
          if (error === null || error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error('not confirmed', { cause: error }));
        };
        channel.publish('', queue, Buffer.from(String(n)), properties, confirmed);
      });
    } catch (error) {
      return this.#failed(error);
    }
    // basic.return comes before the confirm (RabbitMQ's documentation, "Publishers").
    return this.#confirmed();
  }

  #confirmed(): OperationResult {
    if (this.#returned === null) return { outcome: 'ok' };
    return { outcome: 'fail', detail: `${RETURNED} ${this.#returned}` };
  }

  #failed(error: unknown): OperationResult {
    const { link } = this.#parts;
    const why = this.#closed ?? link.cause ?? error;
    const detail = errorClass(why) + (link.blocked === null ? '' : ` (blocked: ${link.blocked})`);
    return { outcome: isDefiniteFailure(why) ? 'fail' : 'unknown', detail };
  }
}
