import { sumOf } from '../../count.ts';
import type { Load } from '../load.ts';

/** What the schedule planned, and how much of it was started. */
export interface Delivery {
  /** Iterations that the schedule planned; null: a closed model has no schedule. */
  offered: number | null;
  started: number;
  dropped: number;
  /** started / offered; null in a closed model. */
  share: number | null;
}

type Counted = Pick<Load, 'seconds' | 'offered' | 'dropped'>;

/** How much of the load was delivered: from the seconds if they carry the schedule, otherwise from the load's totals. */
export function deliveryOf(load: Counted): Delivery {
  const bySecond = load.seconds.some(({ offered }) => offered !== null);
  const counted = load.seconds.length > 0 && (bySecond || load.offered === null);
  const parts: readonly Pick<Counted, 'offered' | 'dropped'>[] = counted ? load.seconds : [load];
  const offered = sumOf(parts, (part) => part.offered ?? 0);
  const dropped = sumOf(parts, (part) => part.dropped);
  const started = counted ? sumOf(load.seconds, (second) => second.started) : Math.max(0, offered - dropped);
  if (parts.every((part) => part.offered === null) || offered === 0)
    return { offered: null, started, dropped, share: null };
  return { offered, started, dropped, share: Math.min(1, started / offered) };
}
