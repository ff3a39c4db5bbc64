import { textOf } from '../connection.ts';
import type { RedisAddress } from '../connection.ts';
import type { ShardAddress } from './nodes.ts';

/**
 * The latest master of each shard that any session of one client has heard of, by configuration epoch. A master that was cut off names
 * itself and answers reads until its node time-out; who has heard of a later one knows that it was replaced.
 */
export class Owners {
  readonly #latest = new Map<string, { at: string; epoch: number }>();

  /** @param shards as one node lists them */
  note(shards: readonly ShardAddress[]): void {
    for (const { tag, master, epoch } of shards)
      if (epoch > (this.#latest.get(tag)?.epoch ?? -Infinity))
        this.#latest.set(tag, { at: textOf(master), epoch });
  }

  /** Whether another master of the shard was listed with a later epoch than the one that named this. */
  isReplaced({ tag, master, epoch }: ShardAddress): boolean {
    const latest = this.#latest.get(tag);
    return latest !== undefined && epoch < latest.epoch && textOf(master) !== latest.at;
  }
}

/** Of a master that a redirection names no epoch is known: it counts as the latest. */
export const redirected = (shard: ShardAddress, master: RedisAddress): ShardAddress => ({
  ...shard,
  master,
  epoch: Infinity,
});

/** What one shard answered: the highest number in its list, and by whom it was, where that is not its master. */
export interface ShardRead {
  highest: number;
  by: '' | '@replaced' | '@replica';
}

/**
 * What every shard has: the least of what their masters have. Where one of them was replaced, or is none, the others alone say what a write
 * that all have acknowledged must have left; only where there is no other, theirs is told, with who it was.
 */
export function leastOf(reads: readonly ShardRead[]): string {
  const masters = reads.filter(({ by }) => by === '');
  const told = masters.length === 0 ? reads : masters;
  const least = told.toSorted((a, b) => a.highest - b.highest)[0];
  return least === undefined ? '' : `${least.highest}${least.by}`;
}
