import { followStore } from '../store/following.ts';
import type { SeenLeader } from '../store/following.ts';
import { firstAnswer } from '../store/members.ts';
import type { ObserveOptions, Observer, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { leaderNodeOf, Management, podOfNode } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { recordQueue } from './options.ts';

/** The member that is queried first answers in some ms, unless it is the one that was hit. */
const FIRST_ANSWER_MS = 1000;
/** While a member hangs the others need up to 4 s for an answer. */
const ANSWER_MS = 6000;
/** Each look costs the server some 5 ms. */
const POLL_MS = 200;

/** Follows the leader of the run's queue, its members, and where the Service points. */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const teller = new Teller(target, recordQueue(options.run ?? ''));
  return followStore(
    {
      leader: (signal) => teller.leader(signal),
      members: () => Promise.resolve(teller.members()),
    },
    { pollMs: POLL_MS, ...options },
  );
}

/** The queue, as one member sees it. */
interface Look {
  member: string;
  queue: RabbitQueue;
}

/** Queries the member that answered last and did not lead; a minority's answer counts only if no other member answers. */
class Teller {
  readonly #target: StoreTarget;
  readonly #queue: string;
  #teller: string | null = null;
  #leader: string | null = null;
  #last: Look | null = null;

  constructor(target: StoreTarget, queue: string) {
    this.#target = target;
    this.#queue = queue;
  }

  /** Null before there is a queue. */
  async leader(signal: AbortSignal): Promise<SeenLeader | null> {
    const members = await this.#target.members();
    const seen = await this.#look(members, signal);
    if (seen === null) return this.#last === null ? null : { leader: null };
    this.#last = seen;
    const node = leaderNodeOf(seen.queue);
    this.#leader = node === null ? null : podOfNode(node, members);
    if (seen.member !== this.#leader) this.#teller = seen.member;
    return { leader: this.#leader };
  }

  /** The last answer's followers: online, without the leader. */
  members(): number | null {
    if (this.#last === null) return null;
    const { queue } = this.#last;
    const leader = leaderNodeOf(queue);
    return queue.online.filter((node) => node !== leader).length;
  }

  async #look(members: readonly StoreMember[], signal: AbortSignal): Promise<Look | null> {
    const ask = async (member: StoreMember, deadlineMs: number): Promise<Look | null> => {
      const queue = await new Management(this.#target, member).queue(this.#queue, { deadlineMs, signal });
      return queue === null ? null : { member: member.name, queue };
    };
    const askMajority = async (member: StoreMember, deadlineMs: number): Promise<Look | null> => {
      const seen = await ask(member, deadlineMs);
      if (seen === null || seen.queue.type !== 'quorum' || isMajority(seen.queue)) return seen;
      throw new Error(
        `${member.name} sees ${seen.queue.online.length} of ${seen.queue.members.length} members`,
      );
    };
    const teller = members.find((member) => member.name === this.#teller);
    try {
      if (teller !== undefined) return await askMajority(teller, FIRST_ANSWER_MS);
    } catch {
      this.#teller = null;
    }
    const others = members.filter((member) => member.name !== this.#leader);
    try {
      return await firstAnswer('RabbitMQ', others, (member) => askMajority(member, ANSWER_MS));
    } catch {
      return await firstAnswer('RabbitMQ', members, (member) => ask(member, ANSWER_MS));
    }
  }
}

function isMajority({ online, members }: RabbitQueue): boolean {
  return online.length * 2 > members.length;
}
