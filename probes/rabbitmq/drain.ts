import type { Channel, ChannelModel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { Bounds, StoreConnection } from '../store/store-driver.ts';
import { Link } from './link.ts';

/** AMQP counts a consumer's unacknowledged messages in 16 bits; RabbitMQ makes "unlimited" 2,000 for a quorum queue. */
const MOST_HELD = 65_535;
const CONNECT_LIMIT_MS = 1500;
const LOOK_EVERY_MS = 50;
/** The server answers a goodbye when it has put everything back. */
const GOODBYE_MS = 10_000;

/** What one reading of a queue held. */
export interface Drained {
  /** Messages in the queue. */
  total: number;
  /** Inclusive ranges of numbers. */
  present: [number, number][];
  /** Numbers of which there are several messages, with how many. */
  duplicates: [number, number][];
}

/**
 * Takes every message of a queue without acknowledging one, over a connection to one member, and puts all of them back by closing the
 * channel. Whole means: as many deliveries as messages were ready, none ready after that, and no consumer but these.
 * @param expected how many must be ready before it begins: what an earlier reader took may still be on its way back; null: any number
 * @throws Error that says how far it got
 */
export async function drain(
  at: StoreConnection,
  queue: string,
  expected: number | null,
  bounds: Bounds,
): Promise<Drained> {
  const link = new Link(at, 'plumbline-readback');
  const timer = setTimeout(() => link.destroy(), bounds.deadlineMs);
  const abort = (): void => link.destroy();
  bounds.signal?.addEventListener('abort', abort, { once: true });
  try {
    const model = await link.open(Math.min(bounds.deadlineMs, CONNECT_LIMIT_MS));
    return await readWhole(model, { queue, expected, endMs: monoMs() + bounds.deadlineMs });
  } catch (error) {
    throw link.cause ?? error;
  } finally {
    clearTimeout(timer);
    bounds.signal?.removeEventListener('abort', abort);
    link.destroy();
  }
}

interface Reading {
  queue: string;
  expected: number | null;
  endMs: number;
}

async function readWhole(model: ChannelModel, reading: Reading): Promise<Drained> {
  const channel = await model.createChannel();
  const broken: Error[] = [];
  channel.on('error', (error: Error) => broken.push(error));
  channel.on('close', () => broken.push(new Error('the channel was closed')));
  const total = await readyMessages(channel, reading);
  const counts = new Map<number, number>();
  let taken = 0;
  await channel.prefetch(MOST_HELD);
  let consumers = 0;
  const isWhole = (): boolean => taken >= total;
  const goOn = async (): Promise<void> => {
    if (isWhole()) return;
    if (broken[0] !== undefined) throw broken[0];
    if (taken < consumers * MOST_HELD) return;
    consumers++;
    await channel.consume(reading.queue, (message) => {
      if (message === null) {
        broken.push(new Error('the server cancelled the consumer'));
        return;
      }
      const n = Number(message.content.toString());
      counts.set(n, (counts.get(n) ?? 0) + 1);
      taken++;
    });
  };
  await lookUntil(goOn, isWhole, { deadlineMs: reading.endMs - monoMs(), intervalMs: LOOK_EVERY_MS });
  if (!isWhole())
    throw new Error(`${reading.queue}: ${taken} of ${total} messages delivered at the deadline`);
  await assertDrained(channel, { ...reading, consumers, total, taken });
  await putBack(channel);
  return { total, ...summaryOf(counts) };
}

/** Waits until the expected number is ready and nobody else consumes. */
async function readyMessages(channel: Channel, { queue, expected, endMs }: Reading): Promise<number> {
  type Seen = { messageCount: number; consumerCount: number };
  const isReady = ({ messageCount, consumerCount }: Seen): boolean =>
    consumerCount === 0 && (expected === null || messageCount === expected);
  const seen = await lookUntil(() => channel.checkQueue(queue), isReady, {
    deadlineMs: endMs - monoMs(),
    intervalMs: LOOK_EVERY_MS,
  });
  if (isReady(seen)) return seen.messageCount;
  throw new Error(
    `${queue}: expected ${expected ?? 'any number of'} messages ready and no consumer, seen ${seen.messageCount} and ${seen.consumerCount}`,
  );
}

async function assertDrained(
  channel: Channel,
  seen: { queue: string; consumers: number; total: number; taken: number },
): Promise<void> {
  const { messageCount, consumerCount } = await channel.checkQueue(seen.queue);
  if (messageCount === 0 && consumerCount === seen.consumers && seen.taken === seen.total) return;
  throw new Error(
    `${seen.queue}: not drained whole: ${seen.taken} of ${seen.total} messages delivered, ${messageCount} still ready, ` +
      `${consumerCount} consumers where ${seen.consumers} are this reader's`,
  );
}

async function putBack(channel: Channel): Promise<void> {
  const late = new AbortController();
  const limit = sleep(GOODBYE_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`the server did not close the channel within ${GOODBYE_MS} ms`);
  });
  limit.catch(() => undefined);
  try {
    await Promise.race([channel.close(), limit]);
  } finally {
    late.abort();
  }
}

/** Runs of consecutive numbers, and numbers that occur more than once. */
export function summaryOf(counts: ReadonlyMap<number, number>): Pick<Drained, 'present' | 'duplicates'> {
  const numbers = [...counts.keys()].sort((a, b) => a - b);
  const present: [number, number][] = [];
  for (const n of numbers) {
    const last = present.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else present.push([n, n]);
  }
  const duplicates = numbers.flatMap((n): [number, number][] => {
    const count = counts.get(n) ?? 0;
    return count > 1 ? [[n, count]] : [];
  });
  return { present, duplicates };
}
