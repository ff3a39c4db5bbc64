import type { Bounds, StoreMember, StoreTarget } from '../../store/store-driver.ts';
import { textOf, withRedis } from '../connection.ts';
import { errorClass } from '../errors.ts';
import { endOf, replicationIn } from '../members.ts';
import { firstSlot, isMaster, nodesIn, sameAddress } from './nodes.ts';
import type { ClusterNode } from './nodes.ts';
import { holds } from './slots.ts';
import type { SlotRange } from './slots.ts';

/** One member as it describes itself and the cluster; `failed` says why it could not be asked. */
export interface ClusterMember {
  name: string;
  member: StoreMember;
  failed?: string;
  /** The error behind `failed`. */
  error?: unknown;
  /** Itself, and every node that it knows. */
  self: ClusterNode | null;
  nodes: readonly ClusterNode[];
  /** CLUSTER INFO by its names. */
  info: Readonly<Record<string, string>>;
  /** Whether it is connected to its master, as a replica. */
  linkUp: boolean;
  /** Bytes of the replication stream that it has produced or processed. */
  offset: number;
}

/** Slots that one master serves; several masters: each of them takes itself for the one. */
export interface Shard {
  slots: readonly SlotRange[];
  /** The one with the highest epoch first. */
  masters: readonly ClusterMember[];
  /** Those that say that they follow the first of them. */
  replicas: readonly ClusterMember[];
}

/** Every member, asked at the same time. Never rejects for a member that does not answer. */
export async function clusterMembers(target: StoreTarget, bounds: Bounds): Promise<ClusterMember[]> {
  const members = await membersOfCluster(target, bounds);
  return Promise.all(members.map((member) => clusterMember(target, member, bounds)));
}

/** The members to ask: their pods; of an address without pods every node that the one behind it lists, or the address while it lists none. */
export async function membersOfCluster(target: StoreTarget, bounds: Bounds): Promise<StoreMember[]> {
  const members = await target.members();
  const address = members.find(({ standsForAll }) => standsForAll);
  if (address === undefined) return members;
  const { nodes } = await clusterMember(target, address, bounds);
  if (nodes.length === 0) return members;
  return nodes.map(({ address: { host, port } }) => ({ name: textOf({ host, port }), address: host, port }));
}

export async function clusterMember(
  target: StoreTarget,
  member: StoreMember,
  bounds: Bounds,
): Promise<ClusterMember> {
  const end = endOf(target, member);
  const { name } = member;
  try {
    const replies = await withRedis(end, bounds, (redis, limitMs) => redis.batch(LOOK, limitMs));
    for (const reply of replies) if (reply instanceof Error) throw reply;
    const [listed, info, replication] = replies;
    const nodes = nodesIn(listed, end.at);
    const self = nodes.find(({ flags }) => flags.includes('myself')) ?? null;
    const { linkUp, offset } = replicationIn(replication);
    return { name, member, self, nodes, info: valuesIn(info), linkUp, offset };
  } catch (error) {
    const failed = errorClass(error);
    return { name, member, failed, error, self: null, nodes: [], info: {}, linkUp: false, offset: 0 };
  }
}

const LOOK = [
  ['CLUSTER', 'NODES'],
  ['CLUSTER', 'INFO'],
  ['INFO', 'replication'],
] as const;

function valuesIn(reply: unknown): Record<string, string> {
  const lines = String(reply).split('\r\n');
  return Object.fromEntries(
    lines.map((line) => line.split(':')).filter((pair) => pair.length === 2),
  ) as Record<string, string>;
}

/** The shards in the order of their slots, by what each master says of itself: one that was cut off still claims its slots. */
export function shardsIn(members: readonly ClusterMember[]): Shard[] {
  const claims = members
    .flatMap((member) =>
      member.self !== null && isMaster(member.self) ? [{ member, self: member.self }] : [],
    )
    .toSorted((a, b) => b.self.epoch - a.self.epoch);
  const shards: { slots: readonly SlotRange[]; masters: ClusterMember[]; replicas: ClusterMember[] }[] = [];
  for (const { member, self } of claims) {
    const shard = shards.find(({ slots }) => overlap(slots, self.slots));
    if (shard !== undefined) shard.masters.push(member);
    else shards.push({ slots: self.slots, masters: [member], replicas: followersOf(self.id, members) });
  }
  return shards.toSorted((a, b) => firstSlot(a.slots) - firstSlot(b.slots));
}

function followersOf(id: string, members: readonly ClusterMember[]): ClusterMember[] {
  return members.filter(({ self }) => self?.masterId === id);
}

function overlap(some: readonly SlotRange[], others: readonly SlotRange[]): boolean {
  return others.some(
    ([from, to]) =>
      holds(some, from) || holds(some, to) || some.some(([first]) => from <= first && first <= to),
  );
}

/** The shard that faults aim at is the one with this slot, whoever serves it. */
export const FIRST_SLOT = 0;

/** The master of the first shard; null while nobody, or more than one, says that it is. */
export function leaderIn(shards: readonly Shard[]): string | null {
  const first = shards.find(({ slots }) => holds(slots, FIRST_SLOT));
  const [master, ...others] = first?.masters ?? [];
  return others.length === 0 ? (master?.name ?? null) : null;
}

/** Who serves a slot, as the members see it: the owner with the highest epoch among those that are not failed. */
export function ownerOf(slot: number, members: readonly ClusterMember[]): ClusterNode | null {
  const owners = members
    .flatMap(({ nodes }) => nodes)
    .filter((node) => isMaster(node) && holds(node.slots, slot))
    .toSorted((a, b) => b.epoch - a.epoch);
  return owners[0] ?? null;
}

/** Members that serve the first shard or follow who does, by their own word or that of others; one that does not answer is none. */
export function firstShardOf(members: readonly ClusterMember[]): string[] {
  const owner = ownerOf(FIRST_SLOT, members);
  const masters = members.flatMap(({ self }) =>
    self !== null && (self.id === owner?.id || holds(self.slots, FIRST_SLOT)) ? [self.id] : [],
  );
  if (owner !== null) masters.push(owner.id);
  return members
    .filter(({ self }) => self !== null && masters.includes(self.masterId ?? self.id))
    .map(({ name }) => name);
}

/** Whether any member holds this node to be down: its majority says so (`fail`, not `fail?`). */
export function isFailed(node: ClusterNode, members: readonly ClusterMember[]): boolean {
  return members
    .flatMap(({ nodes }) => nodes)
    .some(
      ({ id, address, flags }) =>
        id === node.id && sameAddress(address, node.address) && flags.includes('fail'),
    );
}
