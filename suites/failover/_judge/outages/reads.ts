/** The outage of reads: a leader may take writes and answer no read. */
import type { History } from '../../../../reports/record/history/history.ts';
import type { Interval, PathRecord } from '../../../../reports/record/run-record.ts';
import { READS } from '../../../../reports/record/trials.ts';
import { streamGoalMs } from '../stream-goals.ts';
import { goalFor } from '../trial.ts';
import type { Trial } from '../trial.ts';
import { awayOf, clientViewOf } from './client-view.ts';
import type { ClientView } from './client-view.ts';
import { movedByLag } from './generator.ts';
import { rounded } from './phases.ts';
import { lateAtEdges, seconds } from './rto.ts';

/** What clients that read saw. */
export interface ReadsView {
  view: ClientView;
  /** The trial with the goal of reads, before what of it one outage leaves. */
  trial: Trial;
  /** How far a late generator may have moved the edges of an outage, ms. */
  movedMs: number;
  ratePerSecond: number;
}

/** null: nothing was read */
export function readsViewOf(
  { header, reads }: History,
  trial: Trial,
  leader: string | null,
): ReadsView | null {
  if (reads.count === 0) return null;
  const goalMs = streamGoalMs('reads', header.goals);
  const limitMs = goalMs === null ? null : goalMs + trial.awayMs;
  const totalGoalMs = header.goals.readsRtoSeconds === undefined ? trial.totalGoalMs : limitMs;
  const own = { ...trial, rtoGoalMs: limitMs, totalGoalMs };
  const { view, ratePerSecond } = clientViewOf(reads, own, leader);
  return { view, trial: own, movedMs: movedByLag(view.lag, ratePerSecond), ratePerSecond };
}

/** Proved: one outage of reads, or all of them together, took longer than the goal. */
export function readsAway(seen: ReadsView | null): string | null {
  if (seen === null || seen.trial.landedMs === null || lateAtEdges(seen.view) !== null) return null;
  const { view, trial, movedMs } = seen;
  const long = outagesOver(seen, ({ loMs }) => loMs - movedMs);
  if (long !== null) return `reads were out for ${long}`;
  const { outages, totalMs, fromMs } = view.downtime;
  const limitMs = goalFor(trial, fromMs).totalGoalMs ?? Infinity;
  return totalMs.loMs > limitMs
    ? `${outages} outages of reads took at least ${seconds(totalMs.loMs)} s together, goal ${seconds(limitMs)} s`
    : null;
}

/** Whether the goal was met lies within what the sampling leaves open. */
export function readsUnsure(seen: ReadsView | null): string | null {
  if (seen === null || seen.trial.landedMs === null) return null;
  const long = outagesOver(seen, ({ hiMs }) => hiMs + seen.movedMs);
  if (long === null) return null;
  return lateAtEdges(seen.view) ?? `reads may have been out for ${long}`;
}

/** The first outage of which that bound is beyond its goal. */
function outagesOver({ view, trial }: ReadsView, bound: (lengthMs: Interval) => number): string | null {
  for (const { start, lengthMs } of view.episodes) {
    const limitMs = goalFor(trial, start.loMs).rtoGoalMs ?? Infinity;
    if (bound(lengthMs) <= limitMs) continue;
    const { loMs, hiMs } = lengthMs;
    const length = Number.isFinite(hiMs)
      ? `${seconds(loMs)} to ${seconds(hiMs)}`
      : `more than ${seconds(loMs)}`;
    return `${length} s, goal ${seconds(limitMs)} s`;
  }
  return null;
}

/** The longest outage of reads, as the record of a path. A last single failure leaves no steady stretch, yet what came after it is known. */
export function readsRecord({ view, trial, ratePerSecond }: ReadsView): PathRecord {
  const known = view.episodes.map(({ lengthMs }) => lengthMs);
  const longest = known.toSorted((a, b) => b.hiMs - a.hiMs)[0] ?? view.rto;
  return {
    name: READS,
    rto: longest === null || !Number.isFinite(longest.hiMs) ? null : rounded(longest),
    outages: view.downtime.outages,
    away: awayOf(view, trial),
    writesPerSecond: Math.round(ratePerSecond * 1000) / 1000,
    generatorLagMs: view.lag,
  };
}
