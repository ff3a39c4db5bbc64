import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../clock.ts';
import type { ObserveOptions, Observer, StoreMember, StoreTarget } from '../store-driver.ts';
import { anyMember, leaderOf, patroniCluster, patroniMembers, patroniStatus } from './patroni.ts';
import type { PatroniCluster } from './patroni.ts';

/** Patroni answers from its watch in a few milliseconds; one that does not answer in this time has trouble of its own. */
const ANSWER_MS = 400;
const DEFAULT_POLL_MS = 100;
/** Replicas are asked for more rarely: each question costs the leader a query. */
const REPLICAS_EVERY = 5;
/** The endpoints come from a cache in this process. */
const ENDPOINTS_POLL_MS = 20;
const DEFAULT_ENDPOINTS_AGE_MS = 100;

/**
 * Follows who leads, who streams and where the Service points, and writes every change. `pollMs` of an observation is the time
 * since the last look that succeeded: what is seen happened within it.
 */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const ending = new AbortController();
  const signal =
    options.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, options.signal]);
  const follower = new Follower(target, options, signal);
  const loops = [
    repeat(options.pollMs ?? DEFAULT_POLL_MS, signal, () => follower.look()),
    repeat(ENDPOINTS_POLL_MS, signal, () => {
      follower.lookAtEndpoints();
      return Promise.resolve();
    }),
  ];
  return {
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
      follower.final();
    },
  };
}

/** At fixed instants, leaving out those that were missed. */
async function repeat(everyMs: number, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  for (let next = monoMs(); !signal.aborted; next = Math.max(next + everyMs, monoMs())) {
    await look();
    await sleep(Math.max(1, next + everyMs - monoMs()), undefined, { signal }).catch(() => undefined);
  }
}

class Follower {
  readonly #target: StoreTarget;
  readonly #options: ObserveOptions;
  readonly #signal: AbortSignal;
  readonly #pollMs: number;
  /** The member that answered last and was not the leader: asked first. */
  #teller: string | null = null;
  #last: { leader: string | null; timeline: number | undefined } | undefined;
  #lastStreaming = -1;
  #lastEndpoints: string | undefined;
  #clusterSeenMs: number | null = null;
  #replicasSeenMs: number | null = null;
  #blind = false;
  #looks = 0;

  constructor(target: StoreTarget, options: ObserveOptions, signal: AbortSignal) {
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS;
  }

  async look(): Promise<void> {
    this.#looks++;
    const askedMs = monoMs();
    try {
      const members = await patroniMembers(this.#target);
      const cluster = await this.#cluster(members);
      this.#sawCluster(cluster, askedMs);
      this.#blind = false;
      if (this.#looks % REPLICAS_EVERY === 1) await this.#lookAtReplicas(members, cluster);
    } catch (error) {
      if (this.#signal.aborted || this.#blind) return;
      this.#blind = true;
      this.#options.write({
        kind: 'observer-blind',
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  lookAtEndpoints(): void {
    const addresses = this.#options.endpoints?.();
    if (addresses === undefined) return;
    const sorted = [...addresses].sort();
    const key = sorted.join(' ');
    if (key === this.#lastEndpoints) return;
    this.#lastEndpoints = key;
    const pollMs = ENDPOINTS_POLL_MS + (this.#options.endpointsAgeMs ?? DEFAULT_ENDPOINTS_AGE_MS);
    this.#options.write({ kind: 'endpoint', addresses: sorted, pollMs, source: 'cluster cache' });
  }

  final(): void {
    if (this.#last === undefined) return;
    this.#options.write({
      kind: 'leader',
      ...this.#last,
      pollMs: monoMs() - (this.#clusterSeenMs ?? monoMs()),
      source: 'Patroni /cluster',
      final: true,
      ...(this.#clusterSeenMs === null ? {} : { seenMs: this.#clusterSeenMs }),
    });
  }

  async #cluster(members: readonly StoreMember[]): Promise<PatroniCluster> {
    const bounds = { deadlineMs: ANSWER_MS, signal: this.#signal };
    const ask = async (member: StoreMember): Promise<PatroniCluster> => {
      const cluster = await patroniCluster(member, bounds);
      if (leaderOf(cluster) !== member.name) this.#teller = member.name;
      return cluster;
    };
    const teller = members.find((member) => member.name === this.#teller);
    try {
      if (teller !== undefined) return await ask(teller);
    } catch {
      this.#teller = null;
    }
    // A leader that was cut off still believes in itself: it is asked only when no other member answers.
    const others = members.filter((member) => member.name !== this.#last?.leader);
    try {
      return await anyMember(others, ask);
    } catch {
      return await anyMember(members, ask);
    }
  }

  #sawCluster(cluster: PatroniCluster, askedMs: number): void {
    const leader = leaderOf(cluster);
    const timeline = Number(cluster.members.find((member) => member.name === leader)?.timeline);
    const seen = { leader, timeline: Number.isFinite(timeline) ? timeline : undefined };
    const pollMs = this.#since(this.#clusterSeenMs);
    this.#clusterSeenMs = askedMs;
    if (
      this.#last !== undefined &&
      this.#last.leader === seen.leader &&
      this.#last.timeline === seen.timeline
    )
      return;
    this.#last = seen;
    this.#options.write({ kind: 'leader', ...seen, pollMs, source: 'Patroni /cluster' });
  }

  async #lookAtReplicas(members: readonly StoreMember[], cluster: PatroniCluster): Promise<void> {
    const leader = members.find((member) => member.name === leaderOf(cluster));
    if (leader === undefined) return;
    const askedMs = monoMs();
    const status = await patroniStatus(leader, { deadlineMs: ANSWER_MS, signal: this.#signal }).catch(
      () => null,
    );
    if (status === null) return;
    const streaming = status.replication.filter((replica) => replica.state === 'streaming').length;
    const pollMs = this.#since(this.#replicasSeenMs);
    this.#replicasSeenMs = askedMs;
    if (streaming === this.#lastStreaming) return;
    this.#lastStreaming = streaming;
    this.#options.write({
      kind: 'members',
      streaming,
      total: members.length - 1,
      pollMs,
      source: `Patroni of ${leader.name}`,
    });
  }

  /** Since the last look that succeeded, at least the polling interval, rounded up to whole ms. */
  #since(lastMs: number | null): number {
    return lastMs === null ? this.#pollMs : Math.max(this.#pollMs, Math.ceil(monoMs() - lastMs));
  }
}
