/** Controls of failover/rabbitmq: those of every store, and a queue that lives on one member and in its memory. */
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { memberPods, serverIn } from '../../../_breaking/members.ts';
import { everyStoreControls } from './every-store.ts';
import { declaredRabbitmq, double, newest, remove, runOf } from './rabbitmq-queues.ts';

/** Enough for a quorum queue's failover; the classic queue is gone, so every later write is returned. */
const SHORT_DEADLINE_MS = 15_000;
/** Writes that were certainly acknowledged before the crash. */
const ENOUGH = 100;

export const controls: readonly Control[] = [
  ...everyStoreControls({ store: 'rabbitmq', newest, remove, double }),
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
  const { vhost } = declaredRabbitmq(ctx);
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
