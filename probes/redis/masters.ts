import type { Leading } from '../store/several-leaders.ts';
import type { StoreTarget } from '../store/store-driver.ts';
import { KeptConnections } from './kept.ts';
import { endOf, replicationIn } from './members.ts';
import { canaryKey } from './session.ts';

/** Asks the members themselves whether they are masters, which Sentinels cannot know of one that they do not reach. */
export class Masters {
  readonly #target: StoreTarget;
  readonly #key: string | null;
  readonly #kept = new KeptConnections();

  /** @param run under which the client load writes; absent: nothing is counted */
  constructor(target: StoreTarget, run: string | undefined) {
    this.#target = target;
    this.#key = run === undefined ? null : canaryKey(run);
  }

  /** Every member that says it is a master, with the length of this run's list there. @throws Error when no member answers */
  async leading(limitMs: number): Promise<Leading> {
    const members = await this.#target.members();
    const asked = await Promise.allSettled(
      members.map(async (member) => {
        const length = this.#key === null ? [] : [['LLEN', this.#key] as const];
        const commands = [['INFO', 'replication'] as const, ...length];
        const [info, written] = await this.#kept.batch(endOf(this.#target, member), commands, limitMs);
        if (info instanceof Error) throw info;
        const count = typeof written === 'number' ? String(written) : null;
        return replicationIn(info).role === 'master' ? { name: member.name, written: count } : null;
      }),
    );
    const failed = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (asked.length > 0 && failed.length === asked.length)
      throw new Error('no member answers', { cause: failed[0] });
    return asked.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
  }

  close(): void {
    this.#kept.close();
  }
}
