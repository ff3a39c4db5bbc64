import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { firstAnswer } from '../store/members.ts';
import type {
  Bounds,
  StoreMember,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../store/store-driver.ts';
import { leaderNodeOf, Management, memberOfNode } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { optionsOf, recordQueue } from './options.ts';

const LOOK_EVERY_MS = 50;
const NODE_NAME = /^[\w.-]+@[\w.-]+$/;
/** What RabbitMQ's function answers when the leadership has moved. */
const MOVED = /^\{migrated,/;

/**
 * Moves the leadership of the run's queue to another member, with the function that RabbitMQ's own rebalancing and maintenance mode
 * use for each queue. The management API has no call for it (3.10 to 4.1), so that a command in the leader's pod gives the order.
 * @throws Error when no command can be run there, RabbitMQ refuses, or no other member leads before the deadline
 */
export async function switchover(
  target: StoreTarget,
  { run, from }: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await target.members();
  const queue = await lookUp(target, members, run, left());
  const said = await order(target, { queue, members, from }, left());
  const to = await lookUntil(
    async () => memberOf(await lookUp(target, members, run, left()), members),
    (now) => now !== null && now !== from,
    { ...left(), intervalMs: LOOK_EVERY_MS },
  );
  if (to === null || to === from)
    throw new Error(`${queue.name}: ${said}, but at the deadline the leader is ${to ?? 'nobody'}`);
  return { from, to, detail: `${queue.name}: ${said}` };
}

interface Order {
  queue: RabbitQueue;
  members: readonly StoreMember[];
  from: string;
}

/** Gives the order in the leader's pod; what RabbitMQ answered. */
async function order(target: StoreTarget, { queue, members, from }: Order, bounds: Bounds): Promise<string> {
  if (target.exec === undefined)
    throw new Error(
      'RabbitMQ: only a command in a pod can move leadership, and Plumbline may run none in this environment',
    );
  const leader = members.find(({ name }) => name === from);
  const leads = memberOf(queue, members);
  if (leader === undefined || leads !== from)
    throw new Error(`${queue.name}: expected ${from} to lead, seen ${leads ?? 'nobody'}`);
  const to = queue.online.find((node) => node !== leaderNodeOf(queue));
  if (to === undefined) throw new Error(`${queue.name}: no other member is online`);
  const argv = ['rabbitmqctl', '--quiet', 'eval', transferExpression(queue, to)];
  const { code, stdout, stderr } = await target.exec(leader, argv, bounds);
  const said = `${stdout} ${stderr}`.trim().slice(0, 200);
  if (code !== 0 || !MOVED.test(stdout.trim())) throw new Error(`${queue.name}: not moved to ${to}: ${said}`);
  return said;
}

/** The order in Erlang. Names of queues may hold anything, and are given as bytes. */
export function transferExpression({ vhost, name }: Pick<RabbitQueue, 'vhost' | 'name'>, to: string): string {
  if (!NODE_NAME.test(to)) throw new Error(`${JSON.stringify(to)} is not the name of a node`);
  const resource = `rabbit_misc:r(${binary(vhost)}, queue, ${binary(name)})`;
  return `{ok, Q} = rabbit_amqqueue:lookup(${resource}), rabbit_quorum_queue:transfer_leadership(Q, '${to}').`;
}

function binary(text: string): string {
  return `<<${[...Buffer.from(text)].join(',')}>>`;
}

async function lookUp(
  target: StoreTarget,
  members: readonly StoreMember[],
  run: string,
  bounds: Bounds,
): Promise<RabbitQueue> {
  const name = recordQueue(run);
  const found = await firstAnswer('RabbitMQ', members, (member) =>
    new Management(target, member).queue(name, bounds),
  );
  if (found === null) throw new Error(`no queue ${name} in ${optionsOf(target.connection).vhost}`);
  return found;
}

function memberOf(queue: RabbitQueue, members: readonly StoreMember[]): string | null {
  const node = leaderNodeOf(queue);
  return node === null ? null : (memberOfNode(node, members)?.name ?? null);
}
