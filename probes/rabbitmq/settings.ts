import type { GOVERNING } from './declaration.ts';
import { factsOf, firstAnswer } from '../store/members.ts';
import type {
  Bounds,
  ExpectedWindow,
  GoverningSetting,
  ServerFacts,
  StoreConnection,
  StoreTarget,
} from '../store/store-driver.ts';
import { Link } from './link.ts';
import { Management, memberOfNode } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { optionsOf } from './options.ts';
import { kindOf, labelOf, named } from './queues.ts';

/** Time for a connection, once the server is reached at all. */
const CONNECT_LIMIT_MS = 1000;

/**
 * What decides how a failover goes and what survives it: net_ticktime from the nodes, the heartbeat as client and server agree on it
 * over a real connection, the canary's queue as it will be declared, and the kinds of the platform's own durable queues.
 * @throws Error when no member answers
 */
export async function governingSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const members = await target.members();
  const { overview, nodes, queues, source } = await firstAnswer('RabbitMQ', members, async (member) => {
    const api = new Management(target, member);
    return {
      overview: await api.overview(bounds),
      nodes: await api.nodes(bounds),
      queues: await api.allQueues(bounds),
      source: `management API of ${member.name}`,
    };
  });
  const ticks = [...new Set(nodes.flatMap((node) => node.net_ticktime ?? []))];
  const { queue, vhost } = optionsOf(target.connection);
  const canary = `${queue.type}, ${queue.durable ? 'durable' : 'transient'}`;
  const cluster: (GoverningSetting & { name: keyof typeof GOVERNING.cluster })[] = [
    { name: 'version', value: `${overview.rabbitmq_version} on Erlang ${overview.erlang_version}`, source },
    { name: 'members', value: String(nodes.length), source },
    // Every node has its own; where they differ the slowest decides.
    { name: 'net_ticktime', value: ticks.length === 0 ? 'unknown' : String(Math.max(...ticks)), source },
    await heartbeat(target.connection, bounds),
    { name: 'canary queue', value: canary, source: 'declared by the client load' },
  ];
  const own = queues.filter((one) => one.vhost !== vhost && one.exclusive !== true);
  return [...cluster, ...kindsOf(own, queue.replicas ?? Math.min(nodes.length, REPLICATED))];
}

/** Where every member keeps its data, by its own management API. Kinds of queues are the cluster's. */
export function serverFacts(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]> {
  return factsOf(target, async (member) => {
    const nodes = await new Management(target, member).nodes(bounds);
    const own = nodes.find(({ name }) => memberOfNode(name, [member]) !== null);
    return { settings: [], dataFolders: own?.db_dir === undefined ? [] : [own.db_dir] };
  });
}

/** With fewer members a queue has no copy beside the leader's. */
const REPLICATED = 2;

/** Each type and each durability that there is among the platform's queues, with those that have it. */
export function kindsOf(queues: readonly RabbitQueue[], needed: number): GoverningSetting[] {
  const of = (
    name: keyof typeof GOVERNING.queues,
    value: (queue: RabbitQueue) => string,
  ): GoverningSetting[] =>
    [...Map.groupBy(queues, value)].map(([found, of]) => ({
      name,
      value: found,
      source: `queue ${named(of.map(labelOf))}`,
    }));
  return [
    ...of('queue type', (queue) => kindOf(queue, needed)),
    ...of('queue durable', ({ durable }) => String(durable)),
  ];
}

type Heartbeat = GoverningSetting & { name: 'heartbeat' };

async function heartbeat(connection: StoreConnection, bounds: Bounds): Promise<Heartbeat> {
  const link = new Link(connection, 'plumbline-look');
  const timer = setTimeout(() => link.destroy(), bounds.deadlineMs);
  const abort = (): void => link.destroy();
  bounds.signal?.addEventListener('abort', abort, { once: true });
  try {
    await link.open(CONNECT_LIMIT_MS);
    const source = `agreed with ${connection.host}:${connection.port}`;
    return { name: 'heartbeat', value: String(link.heartbeatSeconds() ?? 'unknown'), source };
  } finally {
    clearTimeout(timer);
    bounds.signal?.removeEventListener('abort', abort);
    link.destroy();
  }
}

/** A leader whose process ended is missed at once: its TCP connections end. Then followers elect within some 100 ms. */
const FASTEST_ELECTION_MS = 100;
/** Raft's randomised wait, the election, resending what was on its way, and a client's own new connections, on two busy cores. */
const ELECTION_MS = 5000;
/** Erlang: "a node that does not answer is considered down after net_ticktime ± a quarter of it" (kernel, net_ticktime). */
const TICK_SHARE = 0.25;
/** "Without grace" still gives a container 2 s between SIGTERM and SIGKILL (kubelet: minimum grace period). */
const MINIMUM_GRACE_MS = 2000;

const SILENT = ['hang', 'node-loss', 'partition'];

/** When clients should be served again. Null for faults whose window does not follow from these settings. */
export function expectedWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  const tick = Number(governing.find(({ name }) => name === 'net_ticktime')?.value);
  if (!Number.isFinite(tick)) return null;
  if (SILENT.includes(fault)) {
    const tickMs = tick * 1000;
    return {
      loMs: tickMs * (1 - TICK_SHARE),
      hiMs: tickMs * (1 + TICK_SHARE) + ELECTION_MS,
      derivation:
        `the leader stops answering: its peers consider it down after net_ticktime ${tick} s ± a quarter, ` +
        `then a follower of the queue is elected and waiting messages are sent again (${ELECTION_MS} ms at most)`,
    };
  }
  return quickWindow(fault);
}

function quickWindow(fault: string): ExpectedWindow | null {
  const election = `a follower of the queue is elected within ${FASTEST_ELECTION_MS} to ${ELECTION_MS} ms`;
  if (fault === 'pod-crash')
    return {
      loMs: FASTEST_ELECTION_MS,
      hiMs: ELECTION_MS,
      derivation: `the leader's connections to its peers end with its process; ${election}`,
    };
  if (fault === 'pod-delete')
    return {
      loMs: FASTEST_ELECTION_MS,
      hiMs: MINIMUM_GRACE_MS + ELECTION_MS,
      derivation: `SIGTERM comes first, and SIGKILL ${MINIMUM_GRACE_MS} ms later at the latest; ${election}`,
    };
  if (fault === 'switchover')
    return { loMs: 0, hiMs: ELECTION_MS, derivation: `the leader hands over; ${election}` };
  return null;
}
