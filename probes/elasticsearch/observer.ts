import { anyMember, memberPlace } from './api.ts';
import { isActive, localView, primaryOf } from './view.ts';
import type { View } from './view.ts';
import { followStore } from '../following.ts';
import type { Sight } from '../following.ts';
import type { ObserveOptions, Observer, StoreMember, StoreTarget } from '../store-driver.ts';

/** A node answers from its own memory in a few milliseconds; one that does not answer in this time has trouble of its own. */
const ANSWER_MS = 400;
const SOURCE = '_cluster/state of one member';

/** Follows the node of the canary's primary shard, the master, the copies that are in, and where the Service points. */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const teller = new Teller(target, options);
  return followStore(
    {
      source: SOURCE,
      leader: (signal) => teller.leader(signal),
      members: () => Promise.resolve(teller.copies()),
    },
    options,
  );
}

/** Who is asked: the member that answered last and holds no office comes first, since an officer cut off believes in itself. */
class Teller {
  readonly #target: StoreTarget;
  readonly #options: ObserveOptions;
  #teller: string | null = null;
  #view: View | null = null;
  #master: string | null | undefined;

  constructor(target: StoreTarget, options: ObserveOptions) {
    this.#target = target;
    this.#options = options;
  }

  async leader(signal: AbortSignal): Promise<Sight | null> {
    const view = await this.#ask(await this.#target.members(), signal);
    this.#view = view;
    this.#noteMaster(view.master);
    if (view.copies === null) return null;
    return { leader: primaryOf(view)?.node ?? null, timeline: view.primaryTerm };
  }

  copies(): { streaming: number; total: number; source: string } | null {
    const { copies } = this.#view ?? { copies: null };
    if (copies === null) return null;
    const replicas = copies.filter(({ primary }) => !primary);
    return { streaming: replicas.filter(isActive).length, total: replicas.length, source: SOURCE };
  }

  #noteMaster(master: string | null): void {
    if (master === this.#master) return;
    this.#master = master;
    this.#options.write({ kind: 'master', leader: master, source: SOURCE });
  }

  async #ask(members: readonly StoreMember[], signal: AbortSignal): Promise<View> {
    const officers = this.#view === null ? [] : [primaryOf(this.#view)?.node, this.#view.master];
    const rank = ({ name }: StoreMember): number =>
      name === this.#teller ? 0 : officers.includes(name) ? 2 : 1;
    const asked = members.toSorted((one, other) => rank(one) - rank(other));
    return anyMember(asked, async (member) => {
      this.#teller = null;
      const view = await localView(memberPlace(this.#target, member), { deadlineMs: ANSWER_MS, signal });
      if (view.master === null) throw new Error(`Elasticsearch of ${member.name} knows no master`);
      if (view.master !== member.name && primaryOf(view)?.node !== member.name) this.#teller = member.name;
      return view;
    });
  }
}
