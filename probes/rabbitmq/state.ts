import { withoutManager } from '../asking.ts';
import { expectedMembers, firstAnswer } from '../store/members.ts';
import type {
  Bounds,
  Condition,
  Leadership,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { Link } from './link.ts';
import { leaderNodeOf, Management, memberOfNode, podOfNode, replicates } from './management.ts';
import type { RabbitNode, RabbitQueue, RabbitVhost } from './management.ts';
import { memberPort, optionsOf, QUEUE_TYPE, recordQueue } from './options.ts';
import { labelOf, named, problemsOfQueues, unreportedIn } from './queues.ts';
import { allowedValues } from '../../reports/record/settings.ts';
import { governingSettings } from './settings.ts';
import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import { atMost } from '../../reports/record/at-most.ts';

const WHO = 'RabbitMQ';
/** A member that hangs delays the answers of the others by some seconds. */
const LOOK_MS = 6000;

/**
 * Members as the cluster lists them, and whether every lasting queue is of a declared type and has all its members. `leader` is null:
 * a cluster of RabbitMQ has none, each queue has its own, see `leadership`.
 * @throws Error when no member answers; one that takes a login by AMQP has no management API that could be asked
 */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const members = await target.members();
  const { nodes, queues, vhosts } = await firstAnswer(WHO, members, async (member) => {
    const api = new Management(target, member);
    return {
      nodes: await api.nodes(bounds),
      queues: await api.allQueues(bounds),
      vhosts: await api.vhosts(bounds),
    };
  }).catch(async (error: unknown) => {
    throw await withoutManager(error, 'RabbitMQ answers, but its management API does not', () =>
      logIn(target, members, bounds),
    );
  });
  return {
    leader: null,
    members: nodes.map((node) => ({
      name: podOfNode(node.name, members),
      role: 'peer',
      state: trouble(node) ?? 'running',
    })),
    conditions: [quorumQueues(target, queues, nodes.length), virtualHosts(vhosts)],
    governing: await governingSettings(target, bounds),
  };
}

/** By AMQP, past the management API. @throws Error when no member takes the login */
async function logIn(target: StoreTarget, members: readonly StoreMember[], bounds: Bounds): Promise<void> {
  const { connection } = target;
  await firstAnswer(WHO, members, async (member) => {
    const at = { ...connection, host: member.address, port: memberPort(connection, member) };
    const link = new Link(at, 'plumbline-probe');
    const given = setTimeout(() => link.destroy(), bounds.deadlineMs);
    try {
      await link.open(bounds.deadlineMs);
    } finally {
      clearTimeout(given);
      link.destroy();
    }
  });
}

/** Durable queues that belong to nobody alone: those that the platform's data is in. */
export function quorumQueues(
  target: Pick<StoreTarget, 'connection'>,
  queues: readonly RabbitQueue[],
  members: number,
): Condition {
  const { queue: canary, durability } = optionsOf(target.connection);
  const types = allowedValues(durability[QUEUE_TYPE]);
  const needed = canary.replicas ?? members;
  const lasting = queues.filter(({ durable, exclusive }) => durable && exclusive !== true);
  const odd = lasting.filter(({ type }) => !types.includes(type));
  const wrong = [
    ...(odd.length === 0
      ? []
      : [`${odd.length} of another type: ${named(odd.map((one) => `${labelOf(one)} (${one.type})`))}`]),
    ...problemsOfQueues(lasting, () => needed),
  ];
  const unseen = unreportedIn(lasting);
  // Without a queue nothing is known of those that the account may not see.
  const known = lasting.length > 0 && unseen.length === 0;
  return {
    name: 'quorum queues',
    ok: wrong.length === 0 && !known ? null : wrong.length === 0,
    expected: `every durable queue of type ${types.join(' or ')}; quorum queues and streams with a leader and ${needed} members online`,
    seen:
      lasting.length === 0
        ? 'no durable queue that the account may see'
        : told([...wrong, ...unseen]) || `${lasting.length} of ${lasting.length}`,
  };
}

/** A member on which a virtual host is down refuses every login to it, however well the cluster is otherwise. */
export function virtualHosts(vhosts: readonly RabbitVhost[]): Condition {
  const down = problemsOfVhosts(vhosts);
  return {
    name: 'virtual hosts',
    ok: vhosts.length > 0 && down.length === 0,
    expected: 'running on every member',
    seen: vhosts.length === 0 ? 'none that the account may see' : told(down) || 'running on every member',
  };
}

function problemsOfVhosts(vhosts: readonly RabbitVhost[]): string[] {
  return vhosts.flatMap(({ name, cluster_state: states }) =>
    Object.entries(states)
      .filter(([, state]) => state !== 'running')
      .map(([node, state]) => `virtual host ${name} on ${node}: ${state}`),
  );
}

/** Why a node does not serve as it should; null when it does. */
export function trouble(node: RabbitNode): string | null {
  if (!node.running) return 'not running';
  if (node.partitions.length > 0) return `partitioned from ${node.partitions.join(', ')}`;
  if (node.mem_alarm) return 'memory alarm';
  if (node.disk_free_alarm) return 'disk alarm';
  return node.being_drained ? 'in maintenance' : null;
}

/** Keys of a policy by which a queue drops what it has confirmed ("Queue Length Limit", "Time-To-Live and Expiration", "Quorum Queues"). */
const DROPS = ['max-length', 'max-length-bytes', 'message-ttl', 'expires', 'delivery-limit'];
/** No trial takes as long; until it is read back, nobody uses its queue. */
const LEAST_EXPIRES_MS = 3_600_000;
/** A read-back may be repeated once. */
const READ_BACKS = 2;

/** The policy by which a queue drops messages that it has confirmed, as `max-length: 1000`; null: none does. */
export function droppedBy(queue: RabbitQueue): string | null {
  const { effective_policy_definition: policy = {} } = queue;
  const found = DROPS.filter((key) => policy[key] !== undefined && !isHarmless(key, queue));
  return found.length === 0 ? null : found.map((key) => `${key}: ${String(policy[key])}`).join(', ');
}

/** Whether the queue keeps what a trial writes until it is read back, although a policy sets this key. */
function isHarmless(
  key: string,
  { type, members, effective_policy_definition: policy = {} }: RabbitQueue,
): boolean {
  const value = Number(policy[key]);
  const isQuorum = type === 'quorum';
  if (key === 'expires') return value >= LEAST_EXPIRES_MS;
  // Each reading returns every message once: two of the leader, one of every other member. Below 0 there is no limit.
  if (key === 'delivery-limit') return !isQuorum || value < 0 || value >= READ_BACKS * (members.length + 1);
  // A quorum queue does not know `reject-publish-dlx`, and drops its oldest messages instead.
  const refusing = isQuorum ? ['reject-publish'] : ['reject-publish', 'reject-publish-dlx'];
  return key.startsWith('max-length') && refusing.includes(String(policy['overflow']));
}

/**
 * The leader of the run's queue: the member that a fault aims at.
 * @throws Error when no member answers, or where a policy drops what is read back afterwards: nobody could tell that from what the fault lost
 */
export async function leadership(target: StoreTarget, run: string, bounds: Bounds): Promise<Leadership> {
  const members = await target.members();
  const queue = await firstAnswer(WHO, members, (member) =>
    new Management(target, member).queue(recordQueue(run), bounds),
  );
  const dropped = queue === null ? null : droppedBy(queue);
  if (dropped !== null)
    throw new Error(
      `a policy makes the canary's queue drop messages that it has confirmed (${dropped}): what a fault loses could not be told; give the canary a vhost without it (stores.rabbitmq.vhost)`,
    );
  const node = queue === null ? null : leaderNodeOf(queue);
  return { leader: node === null ? null : (memberOfNode(node, members)?.name ?? null) };
}

/**
 * Every member runs in every member's own view, none has an alarm or sees a partition, and every quorum queue and stream that the account
 * may see has a leader and its members online: those of the canary's virtual host as many as are declared, or as there are members; any
 * other as many as are declared, or as it has itself. A stream whose members are not reported keeps nothing from being steady, and is named.
 * Never throws.
 */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    const members = await target.members();
    if (members.length === 0) throw new Error(`${WHO}: no member has an address`);
    const views = await Promise.all(
      members.map(async (member) => ({
        member: member.name,
        nodes: await new Management(target, member).nodes(bounds),
      })),
    );
    const { queues, vhosts } = await firstAnswer(WHO, members, async (member) => {
      const api = new Management(target, member);
      return { queues: await api.allQueues(bounds), vhosts: await api.vhosts(bounds) };
    });
    const { vhost, queue } = optionsOf(target.connection);
    const expected = expectedMembers(target.connection, members);
    const problems = [
      ...views.flatMap(({ member, nodes }) => problemsOfNodes(member, nodes, expected)),
      ...problemsOfVhosts(vhosts),
      ...problemsOfQueues(queues, (one) => queue.replicas ?? (one.vhost === vhost ? expected : null)),
    ];
    const whole = queues.filter((one) => replicates(one) && one.members.length > 0).length;
    const holds = [
      `${expected} members running in each one's view, no alarm, ${whole} quorum queues and streams with a leader and all members online`,
      ...unreportedIn(queues),
    ].join('; ');
    return {
      ok: problems.length === 0,
      leader: null,
      detail: problems.length === 0 ? holds : wanted(problems),
    };
  } catch (error) {
    return unsteadyBy(error);
  }
}

const MOST_TOLD = 5;

function wanted(problems: readonly string[]): string {
  return `expected every member running without alarms and every quorum queue and stream complete, seen: ${told(problems)}`;
}

function told(problems: readonly string[]): string {
  return atMost(problems, MOST_TOLD).join('; ');
}

function problemsOfNodes(member: string, nodes: readonly RabbitNode[], expected: number): string[] {
  const found = nodes.flatMap((node) => {
    const what = trouble(node);
    return what === null ? [] : [`${member} sees ${node.name}: ${what}`];
  });
  return nodes.length === expected
    ? found
    : [`${member} sees ${nodes.length} of ${expected} members`, ...found];
}

export const waitSteady = waitSteadyBy(steady, LOOK_MS);

/** There is no address that only reads: every member takes writes. */
export function refusesWrites(at: {
  host: string;
  port: number;
}): Promise<{ refused: boolean; detail: string }> {
  return Promise.resolve({
    refused: false,
    detail: `${at.host}:${at.port}: every member of RabbitMQ takes writes`,
  });
}
