import { isDown } from '../../asking.ts';
import { declaredMembers } from '../../store/members.ts';
import { unsteadyBy } from '../../store/steady.ts';
import { settingsOrNone } from '../../store/store-driver.ts';
import type {
  Bounds,
  Leadership,
  Steadiness,
  StoreDescription,
  StoreTarget,
} from '../../store/store-driver.ts';
import { redisStore } from '../declared.ts';
import { unanswered } from '../state.ts';
import { settingsAmong } from './settings.ts';
import { SLOTS, sizeOf } from './slots.ts';
import { firstSlot } from './nodes.ts';
import { clusterMembers, firstShardOf, leaderIn, ownerOf, shardsIn } from './view.ts';
import type { ClusterMember, Shard } from './view.ts';

/** A member that takes longer than this has trouble of its own. */
const ANSWER_MS = 1000;

export interface ClusterView {
  /** Pods of the members; null: not declared. */
  declaredMembers: number | null;
  /** Replicas of each master, as declared. */
  replicas: number;
  members: readonly ClusterMember[];
  shards: readonly Shard[];
}

async function look(target: StoreTarget, bounds: Bounds): Promise<ClusterView> {
  const limits = { ...bounds, deadlineMs: Math.min(ANSWER_MS, bounds.deadlineMs) };
  const members = await clusterMembers(target, limits);
  if (members.length === 0) throw isDown('absent', 'redis: no member has an address');
  const failed = members.flatMap(({ failed: why, error }) => (why === undefined ? [] : [error]));
  if (failed.length > 0 && failed.length === members.length)
    throw new AggregateError(failed, unanswered('member', failed));
  return {
    declaredMembers: declaredMembers(target.connection),
    replicas: redisStore(target.connection).clusterReplicas ?? 0,
    members,
    shards: shardsIn(members),
  };
}

/** Leader, members and, where a member gives them, live settings. @throws Error when no member answers, with the error of each */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const { members, shards } = await look(target, bounds);
  return {
    leader: leaderIn(shards),
    members: members.map((member) => ({
      name: member.name,
      role: roleOf(member),
      state:
        member.failed ??
        (roleOf(member) === 'replica' ? followingState(member, shards) : servingState(member)),
    })),
    governing: await settingsOrNone(settingsAmong(members, target, bounds)),
  };
}

/** The master of the first shard, and every member with a copy of its slots. @throws Error when no member answers, with the error of each */
export async function leadership(target: StoreTarget, _run: string, bounds: Bounds): Promise<Leadership> {
  const { members, shards } = await look(target, bounds);
  return { leader: leaderIn(shards), holders: firstShardOf(members) };
}

function roleOf({ self }: ClusterMember): string {
  if (self === null) return 'unknown';
  return self.flags.includes('master') ? 'master' : 'replica';
}

function servingState({ self, info }: ClusterMember): string {
  if (self === null || self.slots.length === 0) return 'a master without slots';
  return info['cluster_state'] === 'ok' ? 'running' : `cluster_state ${info['cluster_state'] ?? 'unknown'}`;
}

function followingState(member: ClusterMember, shards: readonly Shard[]): string {
  if (!member.linkUp) return 'not connected to its master';
  const follows = shards.some(({ replicas }) => replicas.includes(member));
  return follows ? 'streaming' : `follows ${member.self?.masterId ?? 'nobody'}, which serves no slots`;
}

/**
 * Every declared member is there and calls the cluster ok, all slots are assigned and served, each by one master that all members name,
 * and each master has its declared replicas. Never throws.
 */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    const view = await look(target, bounds);
    const problems = problemsOf(view);
    const leader = leaderIn(view.shards);
    if (problems.length > 0) return { ok: false, leader, detail: `expected: ${problems.join('; ')}` };
    const masters = view.shards.flatMap((shard) => shard.masters.map(({ name }) => name));
    const detail = `${SLOTS} slots in ${masters.length} shards, masters ${masters.join(', ')}, ${view.members.length - masters.length} replicas streaming`;
    return { ok: true, leader, detail };
  } catch (error) {
    return unsteadyBy(error);
  }
}

/** What is not as it should be; empty: steady. */
export function problemsOf(view: ClusterView): string[] {
  const { members, shards } = view;
  const assigned = shards.reduce((sum, { slots }) => sum + sizeOf(slots), 0);
  return [
    ...countProblems(view),
    ...members.flatMap(memberProblems),
    ...(assigned === SLOTS ? [] : [`${SLOTS} slots to have a master, seen ${assigned}`]),
    ...shards.flatMap((shard) => shardProblems(shard, view)),
  ];
}

/** A pod without an address is not among the members, and nothing else here would miss it. */
function countProblems({ members, declaredMembers: declared, replicas, shards }: ClusterView): string[] {
  const names = members.map(({ name }) => name).join(', ') || 'none';
  const problems =
    declared !== null && members.length < declared
      ? [`${declared} members, seen ${members.length}: ${names}`]
      : [];
  const wanted = (declared ?? members.length) / (1 + replicas);
  return shards.length === wanted ? problems : [...problems, `${wanted} shards, seen ${shards.length}`];
}

function memberProblems({ name, failed, info }: ClusterMember): string[] {
  if (failed !== undefined) return [`${name} to answer, seen: ${failed}`];
  const wanted = {
    cluster_state: 'ok',
    cluster_slots_assigned: String(SLOTS),
    cluster_slots_ok: String(SLOTS),
  };
  return Object.entries(wanted)
    .filter(([key, value]) => info[key] !== value)
    .map(([key, value]) => `${key} ${value} at ${name}, seen ${info[key] ?? 'nothing'}`);
}

function shardProblems(shard: Shard, { members, replicas }: ClusterView): string[] {
  const first = firstSlot(shard.slots);
  const [master, ...others] = shard.masters;
  const streaming = shard.replicas.filter(({ linkUp }) => linkUp).length;
  const dissenting = members
    .filter((member) => member.failed === undefined && ownerOf(first, [member])?.id !== master?.self?.id)
    .map(({ name }) => name);
  return [
    ...(others.length === 0
      ? []
      : [`one master of slot ${first}, seen ${shard.masters.map(({ name }) => name).join(', ')}`]),
    ...(streaming >= replicas
      ? []
      : [`${replicas} replicas of ${master?.name ?? 'nobody'} streaming, seen ${streaming}`]),
    ...(dissenting.length === 0
      ? []
      : [
          `every member to name ${master?.name ?? 'nobody'} as the master of slot ${first}, seen others at ${dissenting.join(', ')}`,
        ]),
  ];
}
