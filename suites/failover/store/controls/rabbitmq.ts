/** Controls of failover/rabbitmq: those of every store, and a queue that lives on one member and in its memory. */
import type { Channel } from 'amqplib';
import { Link } from '../../../../probes/rabbitmq/link.ts';
import { Management } from '../../../../probes/rabbitmq/management.ts';
import { readerQueue, recordQueue } from '../../../../probes/rabbitmq/options.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { declaredStore, oneAnswer } from '../../../_breaking/accounts.ts';
import { memberPods, serverIn } from '../../../_breaking/members.ts';
import { everyStoreControls } from './every-store.ts';
import type { Tampering } from './every-store.ts';

/** Enough for a quorum queue's failover; the classic queue is gone, so every later write is returned. */
const SHORT_DEADLINE_MS = 15_000;
/** Writes that were certainly acknowledged before the crash. */
const ENOUGH = 100;
const CONNECT_MS = 2_000;

export const tampering: Tampering = {
  /**
   * The run that is written now: the one whose reader's queue has a consumer. Its number is the queue's count of messages: numbers count
   * from 1, so the highest is at least that. Null while nothing is written.
   */
  newest: async (ctx) => {
    const target = await ctx.store('rabbitmq');
    const api = new Management(target, { name: 'the Service', address: target.connection.host });
    const names = (await api.queues(oneAnswer(ctx))).map(({ name }) => name);
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
  },
  /** Takes messages from the head until the one is there, and acknowledges it alone. */
  remove: (ctx, { run, n }) =>
    onChannel(ctx, async (channel) => {
      for (;;) {
        const message = await channel.get(recordQueue(run));
        if (message === false) throw new Error(`write ${n} is not in ${recordQueue(run)}`);
        if (message.content.toString() !== String(n)) continue;
        channel.ack(message);
        return;
      }
    }),
  double: (ctx, { run, n }) =>
    onChannel(ctx, (channel) => {
      const confirmed = Promise.withResolvers<undefined>();
      channel.once('return', () => confirmed.reject(new Error(`${recordQueue(run)} does not exist`)));
      channel.once('ack', () => confirmed.resolve(undefined));
      const options = { persistent: true, mandatory: true };
      channel.publish('', recordQueue(run), Buffer.from(String(n)), options);
      return confirmed.promise;
    }),
};

export const controls: readonly Control[] = [
  ...everyStoreControls({ store: 'rabbitmq', ...tampering }),
  ...controlsFor('failover/rabbitmq/pod-crash', {
    'transient-classic': {
      title: 'the queue is a transient classic one, on the member that crashes',
      seen: /lost/,
      settings: {
        settings: {
          rtoDeadlineMs: SHORT_DEADLINE_MS,
          clientLoad: { queue: { type: 'classic', durable: false } },
        },
      },
      verify: everythingIsLost,
    },
  }),
];

/** Every acknowledged write must be called lost; each member's own command line must report the queue as gone. */
async function everythingIsLost(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const writes = judgement.trials?.[0]?.writes;
  if (!writes) return 'the trial has no counts of writes';
  const { ok, lost, present, recovered, unexpected } = writes;
  const left = await classicQueues(ctx);
  if (left.length > 0) return `expected no classic queue of the canary any more, found ${left.join(', ')}`;
  if (ok < ENOUGH) return `expected at least ${ENOUGH} acknowledged writes, the record says ${ok}`;
  const kept = present + recovered + unexpected;
  return lost === ok && kept === 0
    ? null
    : `expected all ${ok} acknowledged writes lost, the record says ${lost} lost and ${kept} in the store`;
}

/** Names of the canary's classic queues that hold records, from each member. */
async function classicQueues(ctx: ControlContext): Promise<string[]> {
  const { vhost } = declaredStore(ctx, 'rabbitmq');
  const mine = await memberPods(ctx, 'rabbitmq');
  if (mine.length === 0) throw new Error('RabbitMQ has no member to ask');
  const argv = ['rabbitmqctl', '--quiet', '-p', vhost, 'list_queues', 'name', 'type', '--no-table-headers'];
  const found = await Promise.all(
    mine.map(async ({ metadata }) => {
      const server = serverIn(ctx, 'rabbitmq', metadata.name);
      const { code, stdout, stderr } = await ctx.exec(server, argv);
      if (code !== 0)
        throw new Error(`rabbitmqctl in ${metadata.name}: exit ${code}: ${stderr.slice(0, 300)}`);
      return classicRecords(stdout);
    }),
  );
  return [...new Set(found.flat())];
}

/** Classic queues among lines of `name TAB type`. A reader's queue holds nothing that was to be kept, wherever its leader was. */
export function classicRecords(listed: string): string[] {
  return listed
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([name = '', type]) => type === 'classic' && runOf(name) === null)
    .map(([name = '']) => name);
}

/** The run of a reader's queue; null for any other queue. */
function runOf(name: string): string | null {
  const match = /^plumbline\.(.+)\.reader$/.exec(name);
  return match?.[1] ?? null;
}

/** Runs the work on one channel; unacknowledged messages return to their queue when it closes. */
async function onChannel<T>(ctx: ControlContext, work: (channel: Channel) => Promise<T>): Promise<T> {
  const link = new Link((await ctx.store('rabbitmq')).connection, 'plumbline-control');
  const timer = setTimeout(() => link.destroy(), oneAnswer(ctx).deadlineMs);
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
