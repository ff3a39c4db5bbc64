import { OUTCOMES } from '../../record/history.ts';
import type { Operations } from '../../record/history.ts';
import { countUpTo } from './acknowledgements.ts';
import type { Acknowledgements } from './acknowledgements.ts';

/**
 * Reads on the primary that did not see a write that had been acknowledged before they were sent. A read's detail is the highest
 * number that it saw, with `@replica` behind it when a replica answered: replicas may lag, and are not judged.
 */
export function staleReads(reads: Operations, acks: Acknowledgements): number {
  let stale = 0;
  for (let i = 0; i < reads.count; i++) {
    if (reads.outcome[i] !== OUTCOMES.ok) continue;
    const seen = /^(\d+)(?:;|$)/.exec(reads.detail.get(i) ?? '');
    if (seen === null) continue;
    // Strictly before: an acknowledgement at the very instant of sending proves no order.
    const before = countUpTo(acks.doneMs, (reads.sentMs[i] as number) - 0.001);
    const highest = before === 0 ? 0 : (acks.highestN[before - 1] as number);
    if (Number(seen[1]) < highest) stale++;
  }
  return stale;
}
