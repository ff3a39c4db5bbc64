import { followStore } from '../store/following.ts';
import type { SeenLeader } from '../store/following.ts';
import type { Bounds, ObserveOptions, Observer, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { connectMember, viewOf } from './ask.ts';
import type { BoltConnection } from './bolt.ts';
import { leaderOf, membersOf } from './members.ts';
import type { ClusterView } from './members.ts';
import { bounded } from './query.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** A running server answers in a few milliseconds; one that takes longer than this has trouble of its own. */
const ANSWER_MS = 400;

/** Follows who takes the writes, who is online, and where the Service points. */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const teller = new Teller(target);
  const observer = followStore(
    {
      leader: (signal) => teller.leader(signal),
      members: () => Promise.resolve(teller.following()),
    },
    options,
  );
  return {
    stop: async () => {
      await observer.stop();
      teller.close();
    },
  };
}

/** Queries the member that answered last, over the open connection; a leader only if no other member answers. */
class Teller {
  readonly #target: StoreTarget;
  #bolt: BoltConnection | null = null;
  #told: { by: string; view: ClusterView; members: readonly StoreMember[] } | null = null;
  /** Every member at its last address: a server that answers over an open connection while its pod is being deleted is still that member. */
  readonly #known = new Map<string, StoreMember>();

  constructor(target: StoreTarget) {
    this.#target = target;
  }

  async leader(signal: AbortSignal): Promise<SeenLeader> {
    const members = await this.#target.members();
    for (const member of members) this.#known.set(member.name, member);
    const view = await this.#view(members, { deadlineMs: ANSWER_MS, signal });
    return { leader: leaderOf(view, [...this.#known.values()]) };
  }

  /** Of the last look: members beside the leader that are online. */
  following(): number | null {
    if (this.#told === null) return null;
    const { view, members } = this.#told;
    return membersOf(view, members).filter(({ role, state }) => role !== 'leader' && state === 'online')
      .length;
  }

  close(): void {
    this.#bolt?.destroy();
    this.#bolt = null;
  }

  async #view(members: readonly StoreMember[], bounds: Bounds): Promise<ClusterView> {
    const leader = this.#told === null ? null : leaderOf(this.#told.view, members);
    // A leader that was cut off may still believe that it leads.
    const order = [...members].sort((a, b) => Number(a.name === leader) - Number(b.name === leader));
    const reasons: string[] = [];
    if (this.#bolt?.usable() === true && this.#told !== null) {
      try {
        return await this.#ask(this.#bolt, this.#told.by, members, bounds);
      } catch (error) {
        reasons.push(String(error));
      }
    }
    this.close();
    for (const member of order) {
      try {
        this.#bolt = await connectMember(this.#target, member, bounds);
        return await this.#ask(this.#bolt, member.name, members, bounds);
      } catch (error) {
        reasons.push(`${member.name}: ${errorText(error)}`);
        this.close();
      }
    }
    throw new Error(`Neo4j: no member answered: ${reasons.join('; ') || 'none has an address'}`);
  }

  async #ask(
    bolt: BoltConnection,
    by: string,
    members: readonly StoreMember[],
    bounds: Bounds,
  ): Promise<ClusterView> {
    const view = await bounded(bolt, by, bounds, () => viewOf(bolt, this.#target));
    this.#told = { by, view, members };
    return view;
  }
}
