/** Reaches RabbitMQ independently of the harness: the canary's queues over AMQP and the management API, with the canary's account. */
import type { Channel } from 'amqplib';
import type { Stores } from '../../../../env/schema.ts';
import { Link } from '../../../../probes/rabbitmq/link.ts';
import { Management } from '../../../../probes/rabbitmq/management.ts';
import { readerQueue, recordQueue } from '../../../../probes/rabbitmq/options.ts';
import type { StoreConnection } from '../../../../probes/store/store-driver.ts';
import { declaredStore, secretText } from '../../../_breaking/accounts.ts';
import type { ControlContext } from '../../../harness/control.ts';
import type { StoredWrite } from './every-store.ts';

const ANSWER_MS = 10_000;
const CONNECT_MS = 2_000;

export function declaredRabbitmq(ctx: ControlContext): NonNullable<Stores['rabbitmq']> {
  return declaredStore(ctx, 'rabbitmq');
}

async function connectionOf(ctx: ControlContext): Promise<StoreConnection> {
  const declared = declaredRabbitmq(ctx);
  const password = await secretText(ctx, declared.password);
  return {
    ...declared.primary,
    database: '',
    user: declared.user ?? '',
    password,
    declared: { ...declared },
  };
}

/** Runs the work on one channel; unacknowledged messages return to their queue when it closes. */
async function onChannel<T>(ctx: ControlContext, work: (channel: Channel) => Promise<T>): Promise<T> {
  const link = new Link(await connectionOf(ctx), 'plumbline-control');
  const timer = setTimeout(() => link.destroy(), ANSWER_MS);
  try {
    const channel = await (await link.open(CONNECT_MS)).createConfirmChannel();
    channel.on('error', () => undefined);
    const done = await work(channel);
    await channel.close();
    return done;
  } finally {
    clearTimeout(timer);
    link.destroy();
  }
}

/**
 * The run that is written now: the one whose reader's queue has a consumer. Its number is the queue's count of messages: numbers count
 * from 1, so the highest is at least that. Null while nothing is written.
 */
export async function newest(ctx: ControlContext): Promise<StoredWrite | null> {
  const connection = await connectionOf(ctx);
  const member = { name: 'the Service', address: connection.host };
  const api = new Management({ connection, members: () => Promise.resolve([member]) }, member);
  const names = (await api.queues({ deadlineMs: ANSWER_MS, signal: ctx.signal })).map(({ name }) => name);
  const runs = names.flatMap((name) => runOf(name) ?? []).filter((run) => names.includes(recordQueue(run)));
  return onChannel(ctx, async (channel) => {
    for (const run of runs.toSorted().toReversed()) {
      const { consumerCount } = await channel.checkQueue(readerQueue(run));
      if (consumerCount === 0) continue;
      const { messageCount } = await channel.checkQueue(recordQueue(run));
      return { run, n: messageCount };
    }
    return null;
  });
}

/** The run of a reader's queue; null for any other queue. */
export function runOf(name: string): string | null {
  const match = /^plumbline\.(.+)\.reader$/.exec(name);
  return match?.[1] ?? null;
}

/** Takes messages from the head until the one is there, and acknowledges it alone. */
export function remove(ctx: ControlContext, { run, n }: StoredWrite): Promise<void> {
  return onChannel(ctx, async (channel) => {
    for (;;) {
      const message = await channel.get(recordQueue(run));
      if (message === false) throw new Error(`write ${n} is not in ${recordQueue(run)}`);
      if (message.content.toString() !== String(n)) continue;
      channel.ack(message);
      return;
    }
  });
}

/** One more message with the number. */
export function double(ctx: ControlContext, { run, n }: StoredWrite): Promise<void> {
  return onChannel(ctx, (channel) => {
    const confirmed = Promise.withResolvers<undefined>();
    const options = { persistent: true, mandatory: true };
    channel.once('return', () => confirmed.reject(new Error(`${recordQueue(run)} does not exist`)));
    channel.once('ack', () => confirmed.resolve(undefined));
    channel.publish('', recordQueue(run), Buffer.from(String(n)), options);
    return confirmed.promise;
  });
}
