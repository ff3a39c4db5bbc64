import type { LoadResult } from '../../record/load-result.ts';

/** What the schedule asked for, and what was begun of it. */
export interface Delivery {
  /** Iterations that the schedule asked for; null: a closed model asks for none. */
  offered: number | null;
  started: number;
  dropped: number;
  /** started / offered; null in a closed model. */
  share: number | null;
}

/** How much of the load was delivered: by the seconds where there are any, else by the sums of the scenarios. */
export function deliveryOf({ seconds, scenarios }: Pick<LoadResult, 'seconds' | 'scenarios'>): Delivery {
  // Seconds that are counted elsewhere know of no schedule, and their scenarios do.
  const bySecond = seconds.some(({ offered }) => offered !== null);
  const counted = seconds.length > 0 && (bySecond || scenarios.every(({ offered }) => offered === null));
  const parts: readonly { offered: number | null; dropped: number }[] = counted ? seconds : scenarios;
  const open = parts.filter(({ offered }) => offered !== null);
  const offered = open.reduce((sum, part) => sum + (part.offered ?? 0), 0);
  const dropped = parts.reduce((sum, part) => sum + part.dropped, 0);
  const begun = seconds.reduce((sum, second) => sum + second.started, 0);
  const started = counted ? begun : Math.max(0, offered - dropped);
  if (open.length === 0 || offered === 0) return { offered: null, started, dropped, share: null };
  return { offered, started, dropped, share: Math.min(1, started / offered) };
}
