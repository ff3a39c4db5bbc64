/** What counters tell: how much they grew, and from when to when. */
import type { Series } from '../../../record/objective.ts';
import type { At, Span } from './span.ts';
import { readBefore, wasBlind } from './targets.ts';
import type { Target, Targets } from './targets.ts';

export interface Increase extends Span {
  amount: number;
  /** Its target was not read for a part of the time: when it grew nobody knows, and what else happened neither. */
  unseen: boolean;
}

interface Read {
  found: Increase[];
  /** Counters that fell: a process began anew. */
  resets: number;
}

interface Sample {
  t: number;
  value: number;
}

/**
 * How counters grew from each sample to the next. A counter that fell began anew: it has counted its new value since. A counter comes into
 * being with its first event; so one that appears at a target that was read before has counted from 0 since then (the first error of a service
 * would be missed otherwise), and so have those of a target that is new. Of every other the first sample is where counting begins: pods are
 * scraped at moments of their own, and the first scrape of one may come after that of another.
 */
export function increases(series: readonly Series[], targets: Targets, at: At): Read {
  const read: Read = { found: [], resets: 0 };
  for (const { labels, points } of series) {
    const target = targets.of(labels);
    let before: Sample | null = null;
    for (const [t, value] of points) {
      // Stale or no number: as if it had not been scraped.
      if (value === null) continue;
      if (before === null) {
        const fromMs = beganAt(target, t, at);
        if (fromMs !== null) add(read, { fromMs, toMs: t, amount: value }, { target, at });
      } else {
        const reset = value < before.value;
        if (reset) read.resets += 1;
        const amount = reset ? value : value - before.value;
        add(read, { fromMs: before.t, toMs: t, amount }, { target, at });
      }
      before = { t, value };
    }
  }
  return read;
}

/** From when a counter that appears at `t` has counted from 0; null: nobody knows. */
function beganAt(target: Target | undefined, t: number, at: At): number | null {
  const before = readBefore(target, t);
  if (before !== undefined) return before;
  return target?.isNew === true ? t - (at.scrapeMs ?? at.stepMs) : null;
}

function add(
  read: Read,
  grown: Span & { amount: number },
  { target, at }: { target: Target | undefined; at: At },
): void {
  if (grown.amount > 0) read.found.push({ ...grown, unseen: wasBlind(target, grown, at) });
}
