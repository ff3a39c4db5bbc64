import type { History } from '../../record/history/history.ts';
import type { FailoverRecord, Interval, Outage } from '../../record/run-record.ts';
import { acknowledgements, countUpTo } from './writes/acknowledgements.ts';
import type { Acknowledgements } from './writes/acknowledgements.ts';
import { generatorLag, rateOf, stripOf } from './outages/generator.ts';
import { isPresent, lossWindowOf } from './writes/loss-window.ts';
import { lengthOf, outagesOf } from './outages/outages.ts';
import type { RawOutage } from './outages/outages.ts';
import { leadersOf, phasesOf, round } from './outages/phases.ts';
import { contextOf } from './context.ts';
import { boundedByLanding } from './outages/landing-edge.ts';
import { costsOf, cutOff, earlyRestore } from './costs.ts';
import { readBackOf } from './writes/readback.ts';
import { episodesOf, isDense, STEADY_MS, unseenOutage } from './outages/recovery.ts';
import type { Episode } from './outages/recovery.ts';
import { all, last } from '../observed.ts';
import { downtimeOf } from './outages/downtime.ts';
import type { Downtime } from './outages/downtime.ts';
import { readsOf, remarkOf } from './writes/staleness.ts';
import { accountsOf } from './writes/sums.ts';
import type { Accounts } from './writes/sums.ts';
import { goalFor, trialOf } from './trial.ts';
import type { Trial } from './trial.ts';
import { decide } from './verdict.ts';
import type { Evidence } from './verdict.ts';

/** Outages listed one by one; their total counts them all. */
const MAX_OUTAGES = 200;

/** The failover record of one trial. Pure: the same history always gives the same record. */
export function failoverRecord(history: History): FailoverRecord {
  const { record, evidence } = measure(history);
  return { ...record, ...decide(evidence) };
}

/** What was measured in a trial, before anybody judges it. */
export interface Measured {
  record: Omit<FailoverRecord, 'verdict' | 'reason' | 'rules'>;
  evidence: Evidence;
}

export function measure(history: History): Measured {
  const trial = trialOf(history);
  const acks = acknowledgements(history.writes);
  const leaders = leadersOf(history, trial);
  const outages = boundedByLanding(outagesOf(history.writes, acks), trial, leaders.before);
  const ratePerSecond = rateOf(history.writes);
  const endOfRecordingMs = latest(history);
  const back = recoveryOf({ trial, acks, outages, ratePerSecond, endOfRecordingMs });
  const context = contextOf(history, trial);
  const evidence = {
    ...evidenceOf(history, { trial, acks, outages, back, endOfRecordingMs }),
    afterwards: context.afterwards ?? null,
  };
  const window = expectedOf(history);
  const remarks = [...(context.remarks ?? []), ...remarkOf(evidence.reads.stale)];
  const record = {
    store: trial.store,
    fault: trial.fault,
    trial: history.header.trial,
    startedAt: history.header.anchor.wall,
    target: trial.target,
    landed: landingOf(history, trial),
    election: leaders.election,
    leaderBefore: leaders.before,
    leaderAfter: leaders.after,
    rto: back.rto === null ? null : rounded(back.rto),
    ...sinceFault(back.downtime, trial),
    ...noteOf(back, trial),
    ...outagesIn(outages, trial, evidence.endOfRecordingMs),
    phases: phasesOf(history, trial, back.episode ?? back.open),
    ...booksOf(evidence.accounts),
    generatorLagMs: evidence.lag,
    writesPerSecond: round(ratePerSecond),
    strip: stripOf(history.writes, trial.zeroMs),
    governing: governingOf(history),
    expectedWindowMs: window,
    outsideExpected: compare(back.rto, window),
    ...context,
    ...(remarks.length > 0 && { remarks }),
    ...costsOf(history),
  };
  return { record, evidence };
}

function evidenceOf(
  history: History,
  { trial, acks, outages, back, endOfRecordingMs }: Omit<Sampled, 'ratePerSecond'> & { back: Recovery },
): Omit<Evidence, 'afterwards'> {
  const readBack = readBackOf(history, trial.members);
  const { leader } = readBack;
  const lossWindow = lossWindowOf(history, trial, back.rto);
  return {
    trial: { ...trial, ...goalFor(trial, (back.episode ?? back.open)?.start.loMs ?? null) },
    lossWindow,
    writes: history.writes.count,
    acknowledgedBefore: countUpTo(acks.doneMs, trial.faultMs ?? Infinity),
    ...back,
    endOfRecordingMs,
    totalGoalMs: goalFor(trial, back.downtime.fromMs).totalGoalMs,
    lag: generatorLag(history.writes, edgesOf(back.episode ?? back.open, trial), outages),
    readBack,
    accounts: leader === null ? null : accountsOf(history.writes, leader, trial.scheduled),
    // Where loss is allowed, reads need not see lost writes: a missing write is counted once, as lost.
    reads: readsOf(
      history,
      lossWindow === null || leader === null
        ? acks
        : acknowledgements(history.writes, (n) => isPresent(leader, n)),
      trial.faultMs,
    ),
    damaged: history.damaged.map(({ file, line }) => `${file}:${line}`),
    cutOff: cutOff(history),
    restoredEarly: earlyRestore(history),
  };
}

function landingOf({ header }: History, trial: Trial): FailoverRecord['landed'] {
  const { landedMs, landedBy, proof, missed, notInjected } = trial;
  if (landedMs === null || landedBy === null)
    return { proved: false, by: missed, atMs: null, ...(notInjected && { injected: false }) };
  return { proved: true, by: `${landedBy}: ${proof}`, atMs: round(landedMs - header.anchor.monoMs) };
}

function outagesIn(
  outages: readonly RawOutage[],
  { zeroMs }: Trial,
  endMs: number,
): Pick<FailoverRecord, 'outages' | 'outageTotalMs'> {
  const total = outages.reduce((sum, { start, end }) => sum + upper(start, end, endMs), 0);
  return {
    outages: outages.slice(0, MAX_OUTAGES).map((outage) => outageOf(outage, zeroMs, endMs)),
    outageTotalMs: round(total),
  };
}

function booksOf(
  accounts: Accounts | null,
): Pick<FailoverRecord, 'writes' | 'lostNumbers' | 'duplicateNumbers' | 'lossWindowMs'> {
  if (accounts === null) return { writes: null, lostNumbers: [], duplicateNumbers: [], lossWindowMs: null };
  const { sums, lostNumbers, duplicateNumbers, lossWindowMs } = accounts;
  return { writes: sums, lostNumbers, duplicateNumbers, lossWindowMs };
}

/** Only a trial with a fault has outages since the fault. */
function sinceFault({ outages, totalMs }: Downtime, { faultMs }: Trial): Pick<FailoverRecord, 'sinceFault'> {
  return faultMs === null ? {} : { sinceFault: { outages, totalMs: rounded(totalMs) } };
}

interface Recovery {
  episodes: Episode[];
  downtime: Downtime;
  episode: Episode | null;
  open: Episode | null;
  rto: Interval | null;
}

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

function noteOf({ rto, episode, open }: Recovery, trial: Trial): { rtoNote?: string } {
  if (open !== null && trial.rtoDeadlineMs !== null && trial.gaveUp)
    return { rtoNote: `RTO > ${trial.rtoDeadlineMs / 1000} s` };
  if (open !== null) return { rtoNote: 'not steady again when the recording ended' };
  if (rto !== null && episode === null)
    return { rtoNote: 'no write failed; an outage may have passed between two writes' };
  const parts = episode?.outages.length ?? 0;
  return parts > 1
    ? { rtoNote: `${parts} outages with less than ${STEADY_MS / 1000} s without a failure between them` }
    : {};
}

function edgesOf(episode: Episode | null, trial: Trial): Interval[] {
  if (episode === null) return trial.faultMs === null ? [] : [{ loMs: trial.faultMs, hiMs: trial.faultMs }];
  return Number.isFinite(episode.end.hiMs) ? [episode.start, episode.end] : [episode.start];
}

function outageOf(outage: RawOutage, zeroMs: number, endOfRecordingMs: number): Outage {
  const length = lengthOf(outage.start, outage.end);
  return {
    lastOkMs: round((outage.lastOkMs ?? outage.start.loMs) - zeroMs),
    firstOkMs: outage.firstOkMs === null ? null : round(outage.firstOkMs - zeroMs),
    lengthMs: { loMs: round(length.loMs), hiMs: round(upper(outage.start, outage.end, endOfRecordingMs)) },
    failed: outage.failed,
    unknown: outage.unknown,
  };
}

/** Longest possible length; of an outage without an end, as far as it was recorded. */
function upper(start: Interval, end: Interval, endOfRecordingMs: number): number {
  return Math.max(0, Math.min(end.hiMs, endOfRecordingMs) - start.loMs);
}

function latest({ writes }: History): number {
  let found = 0;
  for (const time of writes.doneMs) found = Math.max(found, time);
  return found;
}

function governingOf(history: History): FailoverRecord['governing'] {
  return all(history, 'governing').map(({ name, value, source }) => ({ name, value, source }));
}

function expectedOf(history: History): Interval | null {
  const seen = last(history, 'expected-window');
  return seen === undefined ? null : { loMs: seen.loMs, hiMs: seen.hiMs };
}

function compare(rto: Interval | null, window: Interval | null): FailoverRecord['outsideExpected'] {
  if (rto === null || window === null) return 'unknown';
  if (rto.hiMs < window.loMs) return 'faster';
  return rto.loMs > window.hiMs ? 'slower' : 'no';
}

function rounded({ loMs, hiMs }: Interval): Interval {
  return { loMs: round(loMs), hiMs: round(hiMs) };
}
