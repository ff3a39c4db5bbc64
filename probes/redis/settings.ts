import { CLUSTER_GOVERNING, GOVERNING } from './declaration.ts';
import { factsOf } from '../store/members.ts';
import type {
  Bounds,
  ExpectedWindow,
  GoverningSetting,
  ServerFacts,
  StoreConnection,
  StoreTarget,
} from '../store/store-driver.ts';
import { textOf, withRedis } from './connection.ts';
import type { Command, RedisAddress, RedisConnection } from './connection.ts';
import { membersOfCluster } from './cluster/view.ts';
import { isCluster } from './manager.ts';
import { redisStore } from './declared.ts';
import { endOf } from './members.ts';
import { newest, pairs, Sentinels } from './sentinel.ts';

const OF_SENTINEL = Object.keys(GOVERNING.sentinel);
const OF_MASTER = Object.keys(GOVERNING.master);

/** The Sentinels' settings, where there are any, then the master's. @throws Error when no Sentinel, or the master, does not answer */
export async function governingSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const store = redisStore(target.connection);
  const asking = new Sentinels(store);
  try {
    const view = newest(await asking.views(bounds.deadlineMs));
    if (view === null) throw new Error('redis: no Sentinel answers');
    const sentinel = (store.sentinels.length === 0 ? [] : OF_SENTINEL).map((name) => ({
      name,
      value: view.settings[name] ?? '',
      source: `SENTINEL MASTER at ${view.source}`,
    }));
    const at = view.address;
    const config = await withRedis({ at, login: store.login }, bounds, (redis, limitMs) =>
      configOf(redis, OF_MASTER, limitMs),
    );
    return [...sentinel, ...ofServer(OF_MASTER, config, at), ...ofWait(target.connection)];
  } finally {
    asking.close();
  }
}

/** CONFIG GET takes one name before Redis 7.0: each is asked for by itself, in one packet. @throws the first error reply */
export async function configOf(
  redis: RedisConnection,
  names: readonly string[],
  limitMs: number,
): Promise<Record<string, string>> {
  const replies = await redis.batch(
    names.map((name): Command => ['CONFIG', 'GET', name]),
    limitMs,
  );
  for (const reply of replies) if (reply instanceof Error) throw reply;
  return Object.fromEntries(replies.flatMap((reply) => Object.entries(pairs(reply))));
}

/** @param config the answer to CONFIG GET; what the server does not know is left out */
export function ofServer(
  names: readonly string[],
  config: Readonly<Record<string, string>>,
  at: RedisAddress,
): GoverningSetting[] {
  const source = `CONFIG GET at ${textOf(at)}`;
  return names.filter((name) => name in config).map((name) => ({ name, value: config[name] ?? '', source }));
}

export function ofWait(connection: StoreConnection): GoverningSetting[] {
  const { waitReplicas, waitMs } = redisStore(connection);
  const source = 'Plumbline, as the environment declares it';
  return [
    { name: 'WAIT replicas', value: String(waitReplicas), source },
    { name: 'WAIT milliseconds', value: String(waitMs), source },
  ];
}

export function settingNamed(governing: readonly GoverningSetting[], wanted: string): string | undefined {
  return governing.find(({ name }) => name === wanted)?.value;
}

/** Every member's own settings, and the folder of its snapshots and its append-only file: a replica may be the next master. */
export function serverFacts(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]> {
  const clustered = isCluster(target.connection);
  const names = clustered ? Object.keys(CLUSTER_GOVERNING.master) : OF_MASTER;
  const all = clustered ? { ...target, members: () => membersOfCluster(target, bounds) } : target;
  return factsOf(all, async (member) => {
    const end = endOf(target, member);
    const config = await withRedis(end, bounds, (redis, limitMs) =>
      configOf(redis, [...names, 'dir'], limitMs),
    );
    const { dir } = config;
    return { settings: ofServer(names, config, end.at), dataFolders: dir === undefined ? [] : [dir] };
  });
}

/**
 * From "down" to a write that is answered, by the constants of Sentinel's source (sentinel.c): the others are asked once a second
 * whether they agree (SENTINEL_ASK_PERIOD), a failover begins up to a second later (SENTINEL_MAX_DESYNC), a replica's INFO, which
 * shows its promotion, is read once a second meanwhile. Half a second for the rest.
 */
const FAILOVER_MS = 3500;
/** The last reply of a master is up to one SENTINEL_PING_PERIOD older than its end. */
const PING_MS = 1000;
/** kubelet looks for dead containers once a second (PLEG relist), and Redis has its data loaded soon after. */
const RESTART_MS = 1000;
/** "Without grace" still gives a container 2 s between SIGTERM and SIGKILL (kubelet: minimum grace period). */
const MINIMUM_GRACE_MS = 2000;

/** The window of a fault after which the pod, or another one under its name, may be the master again before anybody is elected. */
export function windowOfPod(
  fault: 'pod-crash' | 'pod-delete',
  electedByMs: number,
  late: string,
): ExpectedWindow {
  if (fault === 'pod-crash')
    return {
      loMs: RESTART_MS,
      hiMs: electedByMs,
      derivation: `earliest: kubelet starts the container again (${RESTART_MS} ms) and the restarted server is still the master; ${late}`,
    };
  return {
    loMs: RESTART_MS,
    hiMs: electedByMs + MINIMUM_GRACE_MS,
    derivation: `earliest: another pod under the same name within ${RESTART_MS} ms; ${late}, after a grace of ${MINIMUM_GRACE_MS} ms in which the old pod may still serve`,
  };
}

/** When clients should be served again. Null where the settings are not known, and for faults without an expectation. */
export function expectedWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  if (fault === 'switchover')
    return {
      loMs: 0,
      hiMs: FAILOVER_MS,
      derivation: `SENTINEL FAILOVER needs no agreement: promotion and its detection take ${FAILOVER_MS} ms at most`,
    };
  const down = Number(settingNamed(governing, 'down-after-milliseconds'));
  if (!Number.isFinite(down)) return null;
  const silent = { loMs: Math.max(0, down - PING_MS), hiMs: down + PING_MS + FAILOVER_MS };
  const late = `latest: ${PING_MS} ms until the next PING fails, down-after ${down} ms, agreement, election and promotion ${FAILOVER_MS} ms`;
  switch (fault) {
    case 'pod-crash':
    case 'pod-delete':
      return windowOfPod(fault, silent.hiMs, late);
    case 'node-loss':
      return nodeLoss(silent, Number(settingNamed(governing, 'failover-timeout')), late);
    case 'hang':
    case 'partition':
      return {
        ...silent,
        derivation: `earliest: down-after ${down} ms, counted from a reply that was up to ${PING_MS} ms old; ${late}`,
      };
    default:
      return null;
  }
}

/** The node may have held a Sentinel: two that are left may stand against each other, and try again after 2 × failover-timeout. */
function nodeLoss(
  silent: { loMs: number; hiMs: number },
  timeoutMs: number,
  late: string,
): ExpectedWindow | null {
  if (!Number.isFinite(timeoutMs)) return null;
  return {
    loMs: silent.loMs,
    hiMs: silent.hiMs + 2 * timeoutMs,
    derivation: `${late}; repeated after 2 × failover-timeout ${timeoutMs} ms, where the Sentinels elect none of them at first`,
  };
}
