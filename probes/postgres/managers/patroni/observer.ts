import type { Following, SeenLeader } from '../../../store/following.ts';
import type { StoreMember, StoreTarget } from '../../../store/store-driver.ts';
import { leadingBySql } from '../by-sql.ts';
import { anyMember, leaderOf, patroniCluster, patroniMembers, patroniStatus } from './rest.ts';
import type { PatroniCluster } from './rest.ts';

/** Patroni answers from its watch in a few milliseconds; a member that takes longer than this has trouble of its own. */
const ANSWER_MS = 400;

/**
 * Follows the holder of the lease, and the replicas that stream from it. Each server is asked besides whether it takes writes: Patroni names one
 * leader at most, also while an old one has not stepped down.
 */
export function followingPatroni(target: StoreTarget, run: string | undefined): Following {
  const teller = new Teller(target);
  return {
    leading: leadingBySql(target, run),
    leader: (signal) => teller.leader(signal),
    members: ({ leader }, signal) => streaming(target, leader, signal),
  };
}

/** Chooses the member to query for the leader: the one that answered last and did not lead comes first. */
class Teller {
  readonly #target: StoreTarget;
  #teller: string | null = null;
  #leader: string | null = null;

  constructor(target: StoreTarget) {
    this.#target = target;
  }

  async leader(signal: AbortSignal): Promise<SeenLeader> {
    const cluster = await this.#cluster(await patroniMembers(this.#target), signal);
    this.#leader = leaderOf(cluster);
    return { leader: this.#leader };
  }

  async #cluster(members: readonly StoreMember[], signal: AbortSignal): Promise<PatroniCluster> {
    const bounds = { deadlineMs: ANSWER_MS, signal };
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
    // A leader that was cut off still believes that it leads: it is queried only if no other member answers.
    const others = members.filter((member) => member.name !== this.#leader);
    try {
      return await anyMember(others, ask);
    } catch {
      return await anyMember(members, ask);
    }
  }
}

async function streaming(
  target: StoreTarget,
  name: string | null,
  signal: AbortSignal,
): Promise<number | null> {
  const members = await patroniMembers(target);
  const leader = members.find((member) => member.name === name);
  if (leader === undefined) return null;
  const status = await patroniStatus(leader, { deadlineMs: ANSWER_MS, signal }).catch(() => null);
  return status?.replication.filter((replica) => replica.state === 'streaming').length ?? null;
}
