import { anyMember, memberPlace } from './api.ts';
import { isActive, localView, primaryOf } from './view.ts';
import type { View } from './view.ts';
import { monoMs } from '../../host/clock.ts';
import { followStore } from '../store/following.ts';
import type { SeenLeader } from '../store/following.ts';
import type { ObserveOptions, Observer, StoreMember, StoreTarget } from '../store/store-driver.ts';

/** A node answers from its own memory in a few milliseconds; one that takes longer than this has trouble of its own. */
const ANSWER_MS = 400;
/** Polling interval unless an option gives another (probes/store/following.ts). */
const POLL_MS = 100;

/** Follows the node of the canary's primary shard, the master, the copies that are in, and where the Service points. */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const teller = new Teller(target, options);
  const observer = followStore(
    {
      leader: (signal) => teller.leader(signal),
      members: () => Promise.resolve(teller.copies()),
    },
    options,
  );
  return {
    stop: async () => {
      await observer.stop();
      teller.finalMaster();
    },
  };
}

/**
 * Chooses the member to query: the one that answered last and holds no role comes first, since a holder that is cut off still believes
 * that it leads.
 */
class Teller {
  readonly #target: StoreTarget;
  readonly #options: ObserveOptions;
  #teller: string | null = null;
  #view: View | null = null;
  #master: string | null | undefined;
  #masterSeenMs: number | null = null;

  constructor(target: StoreTarget, options: ObserveOptions) {
    this.#target = target;
    this.#options = options;
  }

  async leader(signal: AbortSignal): Promise<SeenLeader | null> {
    const askedMs = monoMs();
    const view = await this.#ask(await this.#target.members(), signal);
    this.#view = view;
    this.#noteMaster(view.master, askedMs);
    if (view.copies === null) return null;
    return { leader: primaryOf(view)?.node ?? null };
  }

  copies(): number | null {
    const { copies } = this.#view ?? { copies: null };
    return copies?.filter((copy) => !copy.primary && isActive(copy)).length ?? null;
  }

  #noteMaster(master: string | null, askedMs: number): void {
    const pollMs = this.#masterSeenMs === null ? POLL_MS : Math.ceil(monoMs() - this.#masterSeenMs);
    this.#masterSeenMs = askedMs;
    if (master === this.#master) return;
    this.#master = master;
    this.#options.write({ kind: 'master', leader: master, pollMs });
  }

  /** The last known master once more, as for the leader. */
  finalMaster(): void {
    if (this.#master === undefined || this.#masterSeenMs === null) return;
    const pollMs = Math.ceil(monoMs() - this.#masterSeenMs);
    this.#options.write({ kind: 'master', leader: this.#master, pollMs, final: true });
  }

  async #ask(members: readonly StoreMember[], signal: AbortSignal): Promise<View> {
    const holders = this.#view === null ? [] : [primaryOf(this.#view)?.node, this.#view.master];
    const rank = ({ name }: StoreMember): number =>
      name === this.#teller ? 0 : holders.includes(name) ? 2 : 1;
    const asked = members.toSorted((one, other) => rank(one) - rank(other));
    return anyMember(asked, async (member) => {
      this.#teller = null;
      const place = memberPlace(this.#target, member);
      const view = await localView(place, { deadlineMs: ANSWER_MS, signal });
      if (view.master === null) throw new Error(`${place.who} knows no master`);
      if (view.master !== member.name && primaryOf(view)?.node !== member.name) this.#teller = member.name;
      return view;
    });
  }
}
