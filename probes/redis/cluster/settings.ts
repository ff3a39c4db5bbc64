import { monoMs } from '../../../host/clock.ts';
import type { Bounds, ExpectedWindow, GoverningSetting, StoreTarget } from '../../store/store-driver.ts';
import { withRedis } from '../connection.ts';
import { CLUSTER_GOVERNING } from '../declaration.ts';
import { errorClass } from '../errors.ts';
import { endOf } from '../members.ts';
import { configOf, ofServer, ofWait, settingNamed, windowOfPod } from '../settings.ts';
import { clusterMembers, leaderIn, shardsIn } from './view.ts';
import type { ClusterMember } from './view.ts';

const OF_MASTER = Object.keys(CLUSTER_GOVERNING.master);

/** The settings of one member; `servers` has those of each. @throws Error when no member answers, with the error of each */
export async function governingSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  return settingsAmong(await clusterMembers(target, bounds), target, bounds);
}

/** As `governingSettings`, of members that were asked for their roles already. */
export async function settingsAmong(
  members: readonly ClusterMember[],
  target: StoreTarget,
  bounds: Bounds,
): Promise<GoverningSetting[]> {
  const until = monoMs() + bounds.deadlineMs;
  const errors = members.flatMap(({ failed, error }) => (failed === undefined ? [] : [error]));
  for (const { member } of inTurn(members)) {
    const end = endOf(target, member);
    const left = { ...bounds, deadlineMs: Math.max(1, until - monoMs()) };
    try {
      const config = await withRedis(end, left, (redis, limitMs) => configOf(redis, OF_MASTER, limitMs));
      return [...ofServer(OF_MASTER, config, end.at), ...ofWait(target.connection)];
    } catch (error) {
      bounds.signal?.throwIfAborted();
      errors.push(error);
    }
  }
  const said = errors.map(errorClass).join('; ');
  throw new AggregateError(errors, `redis: no member gives its settings: ${said}`);
}

/** The master of the first shard, then the others that answer: while it has no master, or several, theirs are known all the same. */
export function inTurn(members: readonly ClusterMember[]): ClusterMember[] {
  const leader = leaderIn(shardsIn(members));
  const answering = members.filter(({ failed }) => failed === undefined);
  return answering.toSorted((a, b) => Number(b.name === leader) - Number(a.name === leader));
}

/**
 * By the constants of Redis' source (cluster.c): a node is pinged at the latest when half of the node time-out has passed, and taken for
 * down when it owes an answer for the whole of it; that a majority agrees spreads with the next pings, at most half of it later. A replica
 * waits 500 ms and up to 500 ms more, then asks the masters for their votes. A second for the rest.
 */
const ELECTION_MS = { lo: 500, hi: 2000 };

/** When clients should be served again. Null where the settings are not known, and for faults without an expectation. */
export function expectedWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  if (fault === 'switchover')
    return {
      loMs: 0,
      hiMs: ELECTION_MS.hi,
      derivation: `CLUSTER FAILOVER asks for votes at once: ${ELECTION_MS.hi} ms at most`,
    };
  const timeoutMs = Number(settingNamed(governing, 'cluster-node-timeout'));
  if (!Number.isFinite(timeoutMs)) return null;
  const silent = { loMs: timeoutMs / 2 + ELECTION_MS.lo, hiMs: 2 * timeoutMs + ELECTION_MS.hi };
  const late = `latest: cluster-node-timeout ${timeoutMs} ms after a ping that was sent half of it later, half of it until a majority agrees, ${ELECTION_MS.hi} ms for the election`;
  switch (fault) {
    case 'pod-crash':
    case 'pod-delete':
      return windowOfPod(fault, silent.hiMs, late);
    case 'hang':
    case 'partition':
    case 'node-loss':
      return {
        ...silent,
        derivation: `earliest: half of cluster-node-timeout ${timeoutMs} ms and ${ELECTION_MS.lo} ms until the election; ${late}`,
      };
    default:
      return null;
  }
}
