/** What one client saw of the fault: the load through the address of applications, or that of a further path. */
import type { Operations } from '../../../../reports/record/history/history.ts';
import type { Excuse } from '../../../../reports/record/rule.ts';
import type { FailoverRecord, Interval, PathRecord } from '../../../../reports/record/run-record.ts';
import { overload, unsteadyBefore, writesBefore } from '../../../../reports/judge/before-fault.ts';
import { once } from '../../../../reports/judge/once.ts';
import { acknowledgements, countUpTo } from '../../../../reports/judge/failover/writes/acknowledgements.ts';
import type { Acknowledgements } from '../../../../reports/judge/failover/writes/acknowledgements.ts';
import { goalFor } from '../trial.ts';
import type { Trial } from '../trial.ts';
import { downtimeOf } from './downtime.ts';
import type { Downtime } from './downtime.ts';
import { generatorLag, movedByLag, rateOf } from './generator.ts';
import { boundedByLanding } from './landing-edge.ts';
import { round } from './phases.ts';
import { outagesOf } from '../../../../reports/judge/failover/outages/outages.ts';
import type { RawOutage } from '../../../../reports/judge/failover/outages/outages.ts';
import {
  episodesOf,
  isDense,
  STEADY_MS,
  unseenOutage,
} from '../../../../reports/judge/failover/outages/recovery.ts';
import type { Episode } from '../../../../reports/judge/failover/outages/recovery.ts';

export interface ClientView {
  /** Of everything since the fault, in order of time. */
  episodes: Episode[];
  /** The episode that gives the RTO: the longest that ended in a steady stretch; null: there is none. */
  episode: Episode | null;
  rto: Interval | null;
  /** The last episode after the fault, when nothing steady came after it. */
  open: Episode | null;
  downtime: Downtime;
  acknowledgedBefore: number;
  /** Why clients were not served before the fault; null: they were. */
  unsteadyBefore: string | null;
  /**
   * Why a missed goal of time is not the fault's: the store did not bear the load before it; null: it did, or acknowledged nothing until the
   * fault was undone, which no load excuses.
   */
  overloaded: Excuse | null;
  /** When the recording, and with it an open episode, was last observed, ms of CLOCK_MONOTONIC. */
  endOfRecordingMs: number;
  lag: FailoverRecord['generatorLagMs'];
}

export interface Viewed {
  view: ClientView;
  /** The trial, with its goals for the outage that gives the RTO. */
  trial: Trial;
  acks: Acknowledgements;
  /** All of them, before and after the fault. */
  outages: RawOutage[];
  ratePerSecond: number;
}

/** @param leader who led when the fault fell, as far as it is known */
export function clientViewOf(writes: Operations, trial: Trial, leader: string | null): Viewed {
  const { acks, raw } = seenOf(writes);
  const outages = boundedByLanding(raw, trial, leader);
  const ratePerSecond = rateOf(writes);
  const endOfRecordingMs = latest(writes);
  const back = recoveryOf({ trial, acks, outages, ratePerSecond, endOfRecordingMs });
  const shown = back.episode ?? back.open;
  const lag = generatorLag(writes, edgesOf(shown, trial), outages);
  const movedMs = movedByLag(lag, ratePerSecond);
  const { downtime, rto } = back;
  const view = {
    ...back,
    rto: rto === null ? null : widened(rto, movedMs),
    downtime: { ...downtime, totalMs: widened(downtime.totalMs, movedMs * Math.max(1, downtime.outages)) },
    acknowledgedBefore: countUpTo(acks.doneMs, trial.faultMs ?? Infinity),
    unsteadyBefore: unsteadyBefore(writes, trial.faultMs),
    overloaded: servedAgain(shown, trial)
      ? overload(writesBefore(writes, trial.faultMs), ratePerSecond)
      : null,
    endOfRecordingMs,
    lag,
  };
  return {
    view,
    trial: { ...trial, ...goalFor(trial, shown?.start.loMs ?? null) },
    acks,
    outages,
    ratePerSecond,
  };
}

/** Whether the store came back at all, if only for one write, before the fault was undone. */
function servedAgain(shown: Episode | null, { healingMs }: Trial): boolean {
  const untilMs = healingMs ?? Infinity;
  if (shown === null || shown.start.loMs >= untilMs) return true;
  return shown.outages.some(({ firstOkMs }) => firstOkMs !== null && firstOkMs < untilMs);
}

const seenOf = once((writes: Operations): { acks: Acknowledgements; raw: readonly RawOutage[] } => {
  const acks = acknowledgements(writes);
  return { acks, raw: outagesOf(writes, acks) };
});

const widened = ({ loMs, hiMs }: Interval, byMs: number): Interval =>
  byMs === 0 ? { loMs, hiMs } : { loMs: Math.max(0, loMs - byMs), hiMs: hiMs + byMs };

type Recovery = Pick<ClientView, 'episodes' | 'episode' | 'rto' | 'open' | 'downtime'>;

interface Sampled {
  trial: Trial;
  acks: Acknowledgements;
  outages: RawOutage[];
  ratePerSecond: number;
  endOfRecordingMs: number;
}

/**
 * The longest episode since the fault; none if the last one did not end in a steady stretch. After the return of a majority each
 * episode has its own goal: then the episode that exceeds its goal most, or comes closest to it.
 */
function recoveryOf({ trial, acks, outages, ratePerSecond, endOfRecordingMs }: Sampled): Recovery {
  const sinceMs = trial.faultMs ?? -Infinity;
  // An outage that ended before the fault was not caused by it, however short the time between them.
  const since = outages.filter(({ end }) => end.hiMs > sinceMs);
  const episodes = episodesOf(since, acks, ratePerSecond);
  const seen = { episodes, downtime: downtimeOf(since, endOfRecordingMs) };
  const final = episodes.at(-1);
  if (final === undefined) {
    const steady = acks.count > 0 && (acks.doneMs[acks.count - 1] as number) - sinceMs >= STEADY_MS;
    const dense = trial.faultMs !== null && isDense(trial.faultMs, acks, ratePerSecond);
    return { ...seen, episode: null, open: null, rto: steady && dense ? unseenOutage(acks, sinceMs) : null };
  }
  if (final.steadyFromMs === null) return { ...seen, episode: null, open: final, rto: null };
  const beyondGoalMs = ({ start, lengthMs }: Episode): number => {
    const { rtoGoalMs } = goalFor(trial, start.loMs);
    return lengthMs.hiMs - (rtoGoalMs !== null && Number.isFinite(rtoGoalMs) ? rtoGoalMs : 0);
  };
  let worst = final;
  for (const episode of episodes) if (beyondGoalMs(episode) > beyondGoalMs(worst)) worst = episode;
  return { ...seen, episode: worst, open: null, rto: worst.lengthMs };
}

/** What the timeline shows of a client beside the main load. */
export function awayOf({ episodes }: ClientView, { zeroMs }: Trial): NonNullable<PathRecord['away']> {
  return episodes.map(({ start, end }) => ({
    fromMs: round(start.loMs - zeroMs),
    toMs: Number.isFinite(end.hiMs) ? round(end.hiMs - zeroMs) : null,
  }));
}

function edgesOf(episode: Episode | null, trial: Trial): Interval[] {
  if (episode === null) return trial.faultMs === null ? [] : [{ loMs: trial.faultMs, hiMs: trial.faultMs }];
  return Number.isFinite(episode.end.hiMs) ? [episode.start, episode.end] : [episode.start];
}

function latest({ doneMs }: Operations): number {
  let found = 0;
  for (const time of doneMs) found = Math.max(found, time);
  return found;
}
