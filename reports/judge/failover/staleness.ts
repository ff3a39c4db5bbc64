import { OUTCOMES } from '../../record/history.ts';
import type { Operations } from '../../record/history.ts';
import { countUpTo } from './acknowledgements.ts';
import type { Acknowledgements } from './acknowledgements.ts';

/** Reads that did not see a write that had been acknowledged before they were sent, by who answered them. */
export interface StaleReads {
  primary: number;
  /** A member that took itself for the primary, although a later one had acknowledged writes. */
  replaced: number;
}

/**
 * A read's detail is the highest number that it saw, with `@replica` behind it when a replica answered (they may lag, and are not judged), and
 * `@replaced` when a member did that had been replaced as the primary without knowing it: staleness is judged on the primary, but whoever
 * is led to such a member should know.
 */
export function staleReads(reads: Operations, acks: Acknowledgements): StaleReads {
  const stale: StaleReads = { primary: 0, replaced: 0 };
  for (let i = 0; i < reads.count; i++) {
    if (reads.outcome[i] !== OUTCOMES.ok) continue;
    const seen = /^(\d+)(@replaced)?(?:;|$)/.exec(reads.detail.get(i) ?? '');
    if (seen === null) continue;
    // Strictly before: an acknowledgement at the very instant of sending proves no order.
    const before = countUpTo(acks.doneMs, (reads.sentMs[i] as number) - 0.001);
    const highest = before === 0 ? 0 : (acks.highestN[before - 1] as number);
    if (Number(seen[1]) < highest) stale[seen[2] === undefined ? 'primary' : 'replaced']++;
  }
  return stale;
}

/** What a reader of the record must know of reads that no verdict rests on. */
export function remarkOf({ replaced }: StaleReads): string[] {
  if (replaced === 0) return [];
  const what =
    replaced === 1
      ? '1 read missed an acknowledged write: it was'
      : `${replaced} reads missed an acknowledged write: they were`;
  return [`${what} answered by a member that had been replaced as the primary and did not know it yet`];
}
