import { followStore } from '../store/following.ts';
import type { SeenLeader } from '../store/following.ts';
import type { ObserveOptions, Observer, StoreTarget } from '../store/store-driver.ts';
import { textOf } from './connection.ts';
import { redisStore } from './declared.ts';
import { Masters } from './masters.ts';
import { memberView, memberViews, nameOf } from './members.ts';
import { isDown, newest, Sentinels } from './sentinel.ts';

/** Sentinels answer in a millisecond; one that takes longer than this has trouble of its own. */
const ANSWER_MS = 400;

/** Why two masters that take writes are no failure of Redis: its documentation of Sentinel, "Example 2: basic setup with three boxes". */
const BY_DESIGN =
  'a master that clients still reach takes writes until it learns of another, or, with min-replicas-to-write, until its replicas are silent for long enough; what is lost of them is judged';

/**
 * Follows whom the Sentinels hold to be the master (nobody, while they agree that it is down), which members say so of themselves, how many
 * replicas stream and where the Service points. What the Sentinels say is kept beside it.
 */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  const sentinels = new Sentinels(redisStore(target.connection));
  const view = new SentinelWatch(target, sentinels, options);
  const masters = new Masters(target, options.run);
  const observer = followStore(
    {
      leader: (signal) => view.leader(signal),
      members: (seen, signal) => streaming(target, seen.leader, signal),
      leading: () => masters.leading(ANSWER_MS),
      severalByDesign: BY_DESIGN,
    },
    options,
  );
  return {
    stop: async () => {
      await observer.stop();
      view.tell();
      sentinels.close();
      masters.close();
    },
  };
}

class SentinelWatch {
  readonly #target: StoreTarget;
  readonly #sentinels: Sentinels;
  readonly #options: ObserveOptions;
  /** What the Sentinels themselves said meanwhile. */
  readonly #said: string[] = [];
  #known = false;

  constructor(target: StoreTarget, sentinels: Sentinels, options: ObserveOptions) {
    this.#target = target;
    this.#sentinels = sentinels;
    this.#options = options;
  }

  /** For people: what the Sentinels said, in one piece. */
  tell(): void {
    if (this.#said.length === 0) return;
    this.#options.write({ kind: 'evidence', source: 'Sentinels', text: this.#said.join('\n') });
  }

  /** @throws Error when no Sentinel answers */
  async leader(signal: AbortSignal): Promise<SeenLeader> {
    // Addresses are mapped to pods while every member is there.
    if (!this.#known) await memberViews(this.#target, { deadlineMs: ANSWER_MS, signal });
    this.#known = true;
    await this.#sentinels.listen((source, event, detail) => {
      if (!signal.aborted) this.#said.push(`${new Date().toISOString()} ${source} ${event} ${detail}`);
    }, ANSWER_MS);
    const views = await this.#sentinels.views(ANSWER_MS);
    const best = newest(views);
    if (best === null) throw new Error('no Sentinel answers');
    const down = views.some((view) => view.configEpoch === best.configEpoch && isDown(view));
    const name = nameOf(best.address, await this.#target.members()) ?? textOf(best.address);
    return { leader: down ? null : name };
  }
}

async function streaming(
  target: StoreTarget,
  name: string | null,
  signal: AbortSignal,
): Promise<number | null> {
  const members = await target.members();
  const leader = members.find((member) => member.name === name);
  if (leader === undefined) return null;
  const view = await memberView(target, leader, { deadlineMs: ANSWER_MS, signal });
  if (view.failed !== undefined) return null;
  return view.followers.filter(({ state }) => state === 'online').length;
}
