/** How much counters grew, and from when to when. */
import type { Series } from '../../../record/objective.ts';
import type { At, Span } from './span.ts';
import { readBefore, wasInGap } from './targets.ts';
import type { Target, Targets } from './targets.ts';

export interface Increase extends Span {
  amount: number;
  /** Its target was not scraped for part of the time: when the counter grew is unknown, and it may have counted more. */
  unseen: boolean;
}

/** Takes what is found one by one: of millions of samples nothing is kept. */
export type Found = (increase: Increase) => void;

interface Sample {
  t: number;
  value: number;
}

/**
 * How counters grew from each sample to the next. A counter that fell was reset, and has counted its new value since. A counter appears
 * with its first event. So one that appears on a target that was scraped before has counted from 0 since that scrape (the first error of a
 * service would be missed otherwise), and so have the counters of a new target. For any other counter, the first sample is the baseline:
 * pods are scraped at different moments, so a later first sample does not mean a new pod.
 * @returns how many counters fell: their process was restarted
 */
export function increases(
  series: readonly Series[],
  { targets, at }: { targets: Targets; at: At },
  found: Found,
): number {
  let resets = 0;
  for (const one of series) {
    const { labels, points } = one;
    const target = targets.of(labels);
    let before = lastUnderOthers(one, { series, targets, target });
    for (const [t, value] of points) {
      // Stale or not a number: treated as not scraped.
      if (value === null) continue;
      if (before === null) {
        const fromMs = beganAt(target, t, at);
        if (fromMs !== null) add(found, { fromMs, toMs: t, amount: value }, { target, at });
      } else {
        const reset = value < before.value;
        if (reset) resets += 1;
        const amount = reset ? value : value - before.value;
        add(found, { fromMs: before.t, toMs: t, amount }, { target, at });
      }
      before = { t, value };
    }
  }
  return resets;
}

interface Among {
  series: readonly Series[];
  targets: Targets;
  target: Target | undefined;
}

/** The last sample of the same counter before its target's labels were changed; null: there is none. */
function lastUnderOthers({ labels }: Series, { series, targets, target }: Among): Sample | null {
  if (target?.continues === undefined) return null;
  const own = targets.ownOf(labels);
  const before = series.find(
    (one) => targets.of(one.labels) === target.continues && targets.ownOf(one.labels) === own,
  );
  const [t, value] = before?.points.findLast(([, found]) => found !== null) ?? [0, null];
  return value === null ? null : { t, value };
}

/** Since when a counter that appears at `t` has counted from 0; null: unknown. */
function beganAt(target: Target | undefined, t: number, at: At): number | null {
  const before = readBefore(target, t) ?? readBefore(target?.continues, t);
  if (before !== undefined) return before;
  return target?.isNew === true ? t - (at.scrapeMs ?? at.stepMs) : null;
}

function add(
  found: Found,
  grown: Span & { amount: number },
  { target, at }: { target: Target | undefined; at: At },
): void {
  if (grown.amount > 0) found({ ...grown, unseen: wasInGap(target, grown, at) });
}
