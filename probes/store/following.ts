import { monoMs } from '../../host/clock.ts';
import { repeat } from '../../host/wait.ts';
import { SeveralLeaders } from './several-leaders.ts';
import type { Leading } from './several-leaders.ts';
import type { ObserveOptions, Observer } from './store-driver.ts';
import { errorText } from '../../reports/record/error-text.ts';

const DEFAULT_POLL_MS = 100;
/** Followers are queried less often: each query costs the leader one. */
const MEMBERS_EVERY = 5;
/** The endpoints come from a cache in this process. */
const ENDPOINTS_POLL_MS = 20;

const LEADER = 'who leads';
const EACH = 'whether each member leads';

/** Who leads, as one look saw it. */
export interface SeenLeader {
  leader: string | null;
  /** Where this look asked each member whether it leads. */
  leading?: Leading;
}

/** How one kind of store is looked at; what `followStore` makes observations of. */
export interface Following {
  /** One look, with a deadline of its own. Null while there is nothing that could have a leader. @throws when no member answers */
  leader(signal: AbortSignal): Promise<SeenLeader | null>;
  /** How many members follow the leader; null when that could not be seen. */
  members?(seen: SeenLeader, signal: AbortSignal): Promise<number | null>;
  /**
   * Asks each member whether it leads, where a manager tells `leader`. These looks have a time of their own: a member that hangs must not hold
   * up those at the manager. @throws when no member answers
   */
  leading?(signal: AbortSignal): Promise<Leading>;
  /** Why several leaders that take writes are no failure of this store; absent: they are one. */
  severalByDesign?: string;
}

/**
 * Follows who leads, who follows and where the Service points, and writes every change. `pollMs` of an observation is the time since the
 * last look that succeeded: the change happened within it.
 */
export function followStore(following: Following, options: ObserveOptions): Observer {
  const ending = new AbortController();
  const signal =
    options.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, options.signal]);
  const follower = new Follower(following, options, signal);
  const pollMs = options.pollMs ?? DEFAULT_POLL_MS;
  const loops = [
    repeat(pollMs, signal, () => follower.look()),
    repeat(ENDPOINTS_POLL_MS, signal, () => follower.lookAtEndpoints()),
    ...(following.leading === undefined ? [] : [repeat(pollMs, signal, () => follower.lookAtEach())]),
  ];
  // What ends one early, such as a full disk, is thrown by `stop`: until then nobody waits for it.
  for (const loop of loops) loop.catch(() => undefined);
  return {
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
      follower.tell();
      follower.final();
    },
  };
}

class Follower {
  readonly #following: Following;
  readonly #options: ObserveOptions;
  readonly #signal: AbortSignal;
  readonly #pollMs: number;
  #last: SeenLeader | undefined;
  #lastStreaming = -1;
  #lastEndpoints: string | undefined;
  #leaderSeenMs: number | null = null;
  #membersSeenMs: number | null = null;
  /** What cannot be seen at present: who leads, by the manager or by each member. */
  readonly #gaps = new Set<string>();
  /** Each stretch in which nothing was seen, with the reason. */
  readonly #unseen: string[] = [];
  #looks = 0;
  /** Looks at which each member was asked whether it leads. */
  #ofEach = 0;
  readonly #several: SeveralLeaders;

  constructor(following: Following, options: ObserveOptions, signal: AbortSignal) {
    this.#following = following;
    this.#options = options;
    this.#signal = signal;
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS;
    this.#several = new SeveralLeaders(options.write, following.severalByDesign);
  }

  async look(): Promise<void> {
    this.#looks++;
    const askedMs = monoMs();
    try {
      const seen = await this.#following.leader(this.#signal);
      this.#gaps.delete(LEADER);
      if (seen?.leading !== undefined) this.#sawEach(seen.leading, askedMs);
      if (seen === null) return;
      this.#saw(seen, askedMs);
      if (this.#looks % MEMBERS_EVERY === 1) await this.#lookAtMembers(seen);
    } catch (error) {
      this.#unseenBy(LEADER, error);
    }
  }

  async lookAtEach(): Promise<void> {
    const askedMs = monoMs();
    try {
      const leading = await this.#following.leading?.(this.#signal);
      this.#gaps.delete(EACH);
      if (leading !== undefined) this.#sawEach(leading, askedMs);
    } catch (error) {
      this.#unseenBy(EACH, error);
    }
  }

  #sawEach(leading: Leading, askedMs: number): void {
    this.#ofEach++;
    this.#several.saw(leading, askedMs);
  }

  #unseenBy(what: string, error: unknown): void {
    if (this.#signal.aborted || this.#gaps.has(what)) return;
    this.#gaps.add(what);
    this.#unseen.push(`${new Date().toISOString()} ${what}: ${errorText(error)}`);
  }

  lookAtEndpoints(): void {
    const addresses = this.#options.endpoints?.();
    if (addresses === undefined) return;
    const sorted = [...addresses].sort();
    const key = sorted.join(' ');
    if (key === this.#lastEndpoints) return;
    this.#lastEndpoints = key;
    this.#options.write({ kind: 'endpoint', addresses: sorted });
  }

  /** For people: when and why the leader could not be seen. */
  tell(): void {
    if (this.#unseen.length === 0) return;
    this.#options.write({
      kind: 'evidence',
      source: 'the observer of the store',
      text: this.#unseen.join('\n'),
    });
  }

  /** The last known leader once more, with the time since it was last known. */
  final(): void {
    this.#several.end();
    if (this.#ofEach > 0) this.#options.write({ kind: 'leaders-asked', looks: this.#ofEach });
    if (this.#last === undefined) return;
    const { leader } = this.#last;
    const pollMs = monoMs() - (this.#leaderSeenMs ?? monoMs());
    this.#options.write({ kind: 'leader', leader, pollMs, final: true });
  }

  #saw(seen: SeenLeader, askedMs: number): void {
    const pollMs = this.#since(this.#leaderSeenMs);
    this.#leaderSeenMs = askedMs;
    if (this.#last?.leader === seen.leader) return;
    this.#last = seen;
    this.#options.write({ kind: 'leader', leader: seen.leader, pollMs });
  }

  async #lookAtMembers(leader: SeenLeader): Promise<void> {
    const askedMs = monoMs();
    const streaming = (await this.#following.members?.(leader, this.#signal)) ?? null;
    if (streaming === null) return;
    const pollMs = this.#since(this.#membersSeenMs);
    this.#membersSeenMs = askedMs;
    if (streaming === this.#lastStreaming) return;
    this.#lastStreaming = streaming;
    this.#options.write({ kind: 'members', streaming, pollMs });
  }

  /** Since the last look that succeeded, at least the polling interval, rounded up to whole ms. */
  #since(lastMs: number | null): number {
    return lastMs === null ? this.#pollMs : Math.max(this.#pollMs, Math.ceil(monoMs() - lastMs));
  }
}
