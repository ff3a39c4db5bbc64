/** A Redis Cluster: its members elect a replica of a failed master themselves, and send clients to who serves a slot. */
import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { followStore } from '../../store/following.ts';
import type {
  Bounds,
  ObserveOptions,
  Observer,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../../store/store-driver.ts';
import { textOf, withRedis } from '../connection.ts';
import { adminLogin } from '../declared.ts';
import type { RedisManager } from '../manager.ts';
import { endOf } from '../members.ts';
import { readBack } from './readback.ts';
import { ClusterLoadClient } from './session.ts';
import { expectedWindow, governingSettings } from './settings.ts';
import { describe, leadership, steady } from './state.ts';
import { clusterMembers, FIRST_SLOT, isFailed, leaderIn, ownerOf, shardsIn } from './view.ts';
import type { ClusterMember } from './view.ts';

const ANSWER_MS = 1000;
const LOOK_EVERY_MS = 100;

export const cluster: RedisManager = {
  client: (connection, run) => new ClusterLoadClient(connection, run),
  describe,
  leadership,
  steady,
  governing: governingSettings,
  expectedWindow,
  observe,
  readBack,
  switchover,
};

/** Follows who serves the first shard (nobody, while the members agree that it is down), and how many replicas stream from it. */
function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const seen = new ShardWatch(target);
  return followStore(
    {
      leader: (signal) => seen.leader(signal),
      members: () => Promise.resolve(seen.streaming()),
    },
    options,
  );
}

class ShardWatch {
  readonly #target: StoreTarget;
  /** Pods by the ids of their nodes, also of those that do not answer. */
  readonly #names = new Map<string, string>();
  #last: readonly ClusterMember[] = [];

  constructor(target: StoreTarget) {
    this.#target = target;
  }

  /** @throws Error when no member answers, or none knows a master of any slot */
  async leader(signal: AbortSignal): Promise<{ leader: string | null }> {
    const members = await clusterMembers(this.#target, { deadlineMs: ANSWER_MS, signal });
    this.#last = members;
    for (const { name, self } of members) if (self !== null) this.#names.set(self.id, name);
    const owner = ownerOf(FIRST_SLOT, members);
    if (owner === null) throw new Error('redis: no member that answers knows a master of the first shard');
    if (isFailed(owner, members)) return { leader: null };
    return { leader: this.#names.get(owner.id) ?? textOf(owner.address) };
  }

  streaming(): number | null {
    const owner = ownerOf(FIRST_SLOT, this.#last);
    if (owner === null) return null;
    return this.#last.filter(({ self, linkUp }) => linkUp && self?.masterId === owner.id).length;
  }
}

/**
 * CLUSTER FAILOVER at a replica: its master holds writes back until the replica has everything, and hands over. Done when the members name
 * the replica.
 * @throws Error when it is refused, or the master is still the same at the deadline
 */
async function switchover(
  target: StoreTarget,
  { from }: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  const end = monoMs() + bounds.deadlineMs;
  const look = (): Promise<ClusterMember[]> => clusterMembers(target, { ...bounds, deadlineMs: ANSWER_MS });
  const [shard] = shardsIn(await look());
  const leads = leaderIn(shard === undefined ? [] : [shard]);
  if (shard === undefined || leads !== from)
    throw new Error(
      `redis: the master of the first shard is ${leads ?? 'nobody'}, not ${from}: nothing was ordered`,
    );
  const replica = shard.replicas.find(({ linkUp }) => linkUp);
  if (replica === undefined)
    throw new Error(`redis: ${from} has no replica that streams: nothing was ordered`);
  const login = await adminLogin(target);
  const at = { ...endOf(target, replica.member), login };
  const said = await withRedis(at, { ...bounds, deadlineMs: ANSWER_MS }, (redis, limitMs) =>
    redis.call(['CLUSTER', 'FAILOVER'], limitMs),
  );
  const now = await lookUntil(
    async () => leaderIn(shardsIn(await look())),
    (leader) => leader === replica.name,
    { ...bounds, deadlineMs: Math.max(1, end - monoMs()), intervalMs: LOOK_EVERY_MS },
  );
  if (now !== replica.name)
    throw new Error(
      `redis: CLUSTER FAILOVER at ${replica.name}: ${String(said)}, but ${now ?? 'nobody'} leads at the deadline`,
    );
  return { from, to: replica.name, detail: `CLUSTER FAILOVER at ${replica.name}: ${String(said)}` };
}
