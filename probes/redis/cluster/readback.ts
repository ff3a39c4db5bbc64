import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { contentsOf } from '../../store/contents.ts';
import { attempt, MovedError, unreadBy } from '../../store/readback.ts';
import type { Bounds, ReadBackRequest, StoreTarget } from '../../store/store-driver.ts';
import { withRedis } from '../connection.ts';
import { endOf } from '../members.ts';
import { elementsOf, numbersIn } from '../readback.ts';
import { clusterKey, tagsIn } from './keys.ts';
import { outside, tagIn } from './slots.ts';
import { clusterMember, clusterMembers, shardsIn } from './view.ts';
import type { ClusterMember, Shard } from './view.ts';

const OFFSET_LOOK_MS = 100;
/** One member that does not answer must leave time to read the others. */
const LOOK_MS = 10_000;

/**
 * A write is in the store when every shard has it. The masters are read twice, as the leader; then each other member is read in the place
 * of its shard's master, beside the other masters: what it lacks is what would be missing if it led. Numbers that only some shards have
 * were never acknowledged by all, and are absent.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await clusterMembers(target, {
    ...left(),
    deadlineMs: Math.min(LOOK_MS, bounds.deadlineMs),
  });
  request.write({ kind: 'readback-plan', run: request.run, sources: members.map(({ name }) => name) });
  const shards = shardsIn(members);
  const masters = mastersOf(request, members, shards);
  if (masters === null) return;
  await new ClusterReader({ target, request, shards, masters, left }).read(members);
}

/**
 * One master a shard; null, after it was written what was seen in their place. With cluster-require-full-coverage no, members call the
 * cluster ok while a shard has no master.
 */
export function mastersOf(
  request: ReadBackRequest,
  members: readonly ClusterMember[],
  shards: readonly Shard[],
): ClusterMember[] | null {
  const several = shards.find(({ masters }) => masters.length > 1);
  const unasked = members.find(({ failed }) => failed !== undefined);
  const seen = members
    .map(({ name, failed, self }) => `${name}: ${failed ?? self?.flags.join(',') ?? 'unknown'}`)
    .join('; ');
  if (several !== undefined) {
    request.write({ kind: 'readback-leaders', leaders: several.masters.map(({ name }) => name), seen });
    return null;
  }
  const down = members.find(({ info, failed }) => failed === undefined && info['cluster_state'] !== 'ok');
  const unserved = outside(shards.flatMap(({ slots }) => slots));
  if (unserved.length === 0 && down === undefined)
    return shards.flatMap(({ masters }) => masters.slice(0, 1));
  const missing = unserved.map(([from, to]) => `${from}-${to}`).join(', ');
  const none = missing === '' ? '' : `none of slots ${missing}; `;
  const reason = `expected a master of every slot, seen: ${none}${seen}`;
  request.write({
    kind: 'readback-failed',
    source: 'leader',
    why: unreadBy(unasked?.error ?? new MovedError(reason)),
    reason,
  });
  return null;
}

interface Reading {
  target: StoreTarget;
  request: ReadBackRequest;
  shards: readonly Shard[];
  /** In the order of the shards. */
  masters: readonly ClusterMember[];
  left: () => Bounds;
}

class ClusterReader {
  readonly #of: Reading;
  readonly #tags: readonly string[];

  constructor(of: Reading) {
    this.#of = of;
    this.#tags = of.shards.map(({ slots }) => tagIn(slots));
  }

  async read(members: readonly ClusterMember[]): Promise<void> {
    const { request, masters, target, left } = this.#of;
    const [leader] = masters;
    if (leader === undefined) return;
    const offsets = await attempt(request, leader.name, async () => {
      await this.#pass(leader.name, { role: 'leader', pass: 1 }, masters);
      await this.#pass(leader.name, { role: 'leader', pass: 2 }, masters);
      return Promise.all(masters.map(async ({ member }) => (await this.#looked(member)).offset));
    });
    for (const one of members) {
      if (one.name === leader.name) continue;
      await attempt(request, one.name, async () => {
        const index = this.#shardOf(one);
        const master = masters[index];
        if (master === undefined) throw new MovedError(`${one.name} belongs to no shard`);
        const wanted = offsets?.[index];
        if (one.name !== master.name && wanted !== undefined)
          await caughtUp(target, one, { master, offset: wanted }, left());
        await this.#pass(one.name, { role: 'member', pass: 1 }, masters.with(index, one));
      });
    }
  }

  #shardOf({ name }: ClusterMember): number {
    return this.#of.shards.findIndex(({ masters, replicas }) =>
      [...masters.slice(0, 1), ...replicas].some((one) => one.name === name),
    );
  }

  /** One member a shard; the numbers that all of them have, and each as often as it is there most. */
  async #pass(
    source: string,
    as: { role: 'leader' | 'member'; pass: 1 | 2 },
    from: readonly ClusterMember[],
  ): Promise<void> {
    const lists = await Promise.all(from.map((member, shard) => this.#list(member, shard)));
    const contents = contentsOf(inAll(lists));
    this.#of.request.write({ kind: 'readback', source, ...as, ...contents, complete: true });
  }

  /** @throws Error when the list was made for other slots: then numbers are elsewhere, and nothing was lost by that */
  async #list({ member, name }: ClusterMember, shard: number): Promise<number[]> {
    const { target, request, left } = this.#of;
    const key = clusterKey(request.run, this.#tags[shard] ?? '');
    const elements = await withRedis(endOf(target, member), left(), async (redis, limitMs) => {
      // Of a replica too, which would send us to its master.
      await redis.call(['READONLY'], limitMs);
      return elementsOf(redis, key, limitMs);
    });
    const tags = tagsIn(elements[0]);
    if (tags !== null && tags.join() !== this.#tags.join())
      throw new Error(
        `${name}: the writes are in ${tags.length} shards of other slots (tags ${tags.join(', ')}, now ${this.#tags.join(', ')}): slots were moved`,
      );
    return numbersIn(elements);
  }

  async #looked(member: ClusterMember['member']): Promise<ClusterMember> {
    const seen = await clusterMember(this.#of.target, member, this.#of.left());
    if (seen.failed !== undefined)
      throw new Error(`${seen.name} does not answer: ${seen.failed}`, { cause: seen.error });
    return seen;
  }
}

/** Numbers that every list has, each as often as in the list that has it most often. */
export function inAll(lists: readonly (readonly number[])[]): number[] {
  const counts = lists.map((list) => {
    const count = new Map<number, number>();
    for (const n of list) count.set(n, (count.get(n) ?? 0) + 1);
    return count;
  });
  const [first = new Map<number, number>(), ...others] = counts;
  return [...first.keys()]
    .filter((n) => others.every((count) => count.has(n)))
    .flatMap((n) => Array.from({ length: Math.max(...counts.map((count) => count.get(n) ?? 0)) }, () => n));
}

/** @throws Error that says how far it got */
async function caughtUp(
  target: StoreTarget,
  replica: ClusterMember,
  { master, offset }: { master: ClusterMember; offset: number },
  bounds: Bounds,
): Promise<void> {
  const isCaughtUp = (seen: ClusterMember): boolean =>
    seen.self?.masterId === master.self?.id && seen.linkUp && seen.offset >= offset;
  const seen = await lookUntil(
    (leftMs) =>
      clusterMember(target, replica.member, { ...bounds, deadlineMs: Math.min(LOOK_MS, leftMs + 500) }),
    isCaughtUp,
    { ...bounds, intervalMs: OFFSET_LOOK_MS },
  );
  if (isCaughtUp(seen)) return;
  const state =
    seen.failed ?? (seen.linkUp ? `following ${seen.self?.masterId ?? 'nobody'}` : 'not connected');
  throw new Error(`expected it to follow ${master.name} at ${offset}, seen ${state} at ${seen.offset}`, {
    cause: seen.error,
  });
}
