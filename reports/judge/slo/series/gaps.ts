/** Finds when, and for which share of the scrape targets, nothing was observed. */
import type { Target } from './targets.ts';
import { uncovered } from './span.ts';
import type { At, Span } from './span.ts';

export interface Gap extends Span {
  /** Share of the targets that were not scraped; 1: all of them. */
  share: number;
}

interface Change {
  t: number;
  alive: number;
  unread: number;
  hidden: number;
}

/**
 * Stretches that were not fully observed, ascending. A stretch's share is that of its existing targets which were not scraped; where no
 * target existed, it is 1.
 * @param hidden stretches in which nothing could be known, whatever was scraped
 */
export function gapStretches(targets: readonly Target[], hidden: readonly Span[], at: At): Gap[] {
  const nobody =
    targets.length === 0
      ? []
      : uncovered(
          targets.map(({ alive }) => alive),
          at,
        );
  const changes = [
    ...targets.flatMap(({ alive }) => edges(alive, 'alive')),
    ...targets.flatMap(({ gaps }) => gaps.flatMap((one) => edges(one, 'unread'))),
    ...[...nobody, ...hidden].flatMap((one) => edges(one, 'hidden')),
  ].sort((a, b) => a.t - b.t);
  return swept(changes, at);
}

function edges({ fromMs, toMs }: Span, what: 'alive' | 'unread' | 'hidden'): Change[] {
  const none = { alive: 0, unread: 0, hidden: 0 };
  return [
    { ...none, t: fromMs, [what]: 1 },
    { ...none, t: toMs, [what]: -1 },
  ];
}

function swept(changes: readonly Change[], { fromMs, toMs }: Span): Gap[] {
  const found: Gap[] = [];
  const now = { alive: 0, unread: 0, hidden: 0 };
  changes.forEach((change, index) => {
    now.alive += change.alive;
    now.unread += change.unread;
    now.hidden += change.hidden;
    const gap = {
      fromMs: Math.max(fromMs, change.t),
      toMs: Math.min(toMs, changes[index + 1]?.t ?? change.t),
      share: shareOf(now),
    };
    if (gap.share > 0 && gap.toMs > gap.fromMs) found.push(gap);
  });
  return found;
}

function shareOf({ alive, unread, hidden }: Omit<Change, 't'>): number {
  if (hidden > 0) return 1;
  return alive === 0 ? 0 : unread / alive;
}

/** Merges stretches that touch; their shares are averaged, weighted by length. */
export function touching(stretches: readonly Gap[]): Gap[] {
  const found: Gap[] = [];
  for (const one of stretches) {
    const last = found.at(-1);
    if (last === undefined || one.fromMs > last.toMs) {
      found.push({ ...one });
      continue;
    }
    const weight = last.share * lengthOf(last) + one.share * lengthOf(one);
    last.toMs = one.toMs;
    last.share = weight / lengthOf(last);
  }
  return found;
}

const lengthOf = ({ fromMs, toMs }: Span): number => toMs - fromMs;
