import type { History } from '../../../reports/record/history/history.ts';
import type { FailoverRecord, Interval, Outage } from '../../../reports/record/run-record.ts';
import { acknowledgements } from '../../../reports/judge/failover/writes/acknowledgements.ts';
import { stripOf } from './outages/generator.ts';
import { isPresent, lossWindowOf } from './writes/loss-window.ts';
import { clientViewOf } from './outages/client-view.ts';
import { noteOf } from './outages/rto.ts';
import type { Viewed } from './outages/client-view.ts';
import { lengthOf } from '../../../reports/judge/failover/outages/outages.ts';
import type { RawOutage } from '../../../reports/judge/failover/outages/outages.ts';
import { leadersOf, phasesOf, round, rounded } from './outages/phases.ts';
import { contextOf } from './context.ts';
import { costsOf, earlyRestore } from './costs.ts';
import { evictedIn } from './evicted.ts';
import { readBackOf } from './writes/readback.ts';
import { all, first, last } from '../../../reports/judge/observed.ts';
import type { Downtime } from './outages/downtime.ts';
import { pathRecord, pathViewsOf } from './paths.ts';
import { readsRecord, readsViewOf } from './outages/reads.ts';
import { readsOf, remarkOf } from './writes/staleness.ts';
import { accountsOf } from './writes/sums.ts';
import type { Accounts } from './writes/sums.ts';
import { goalFor, trialOf } from './trial.ts';
import type { Trial } from './trial.ts';
import type { Evidence } from './verdict.ts';

/** Outages listed one by one; their total counts them all. */
const MAX_OUTAGES = 200;

/** What was measured in a trial, before anybody judges it. */
export interface Measured {
  record: Omit<FailoverRecord, 'verdict' | 'reason' | 'rules'>;
  evidence: Evidence;
}

export function measure(history: History): Measured {
  const trial = trialOf(history);
  const leaders = leadersOf(history, trial);
  const viewed = clientViewOf(history.writes, trial, leaders.before);
  const { view, outages, ratePerSecond } = viewed;
  const context = contextOf(history, trial);
  const paths = pathViewsOf(history, trial, leaders.before);
  const readsView = readsViewOf(history, trial, leaders.before);
  const streams = [...(readsView === null ? [] : [readsRecord(readsView)]), ...paths.map(pathRecord)];
  const evidence = {
    ...evidenceOf(history, trial, viewed),
    paths,
    readsView,
    evicted: evictedIn(history, { trial, view, paths, readsView }),
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
    rto: view.rto === null ? null : rounded(view.rto),
    ...sinceFault(view.downtime, trial),
    ...noteOf({ ...view, trial }),
    ...(streams.length > 0 && { paths: streams }),
    ...outagesIn(outages, trial, evidence.endOfRecordingMs),
    phases: phasesOf(history, trial, view.episode ?? view.open),
    ...booksOf(evidence.accounts),
    generatorLagMs: evidence.lag,
    writesPerSecond: round(ratePerSecond),
    strip: stripOf(history.writes, trial.zeroMs),
    governing: governingOf(history),
    expectedWindowMs: window,
    outsideExpected: compare(view.rto, window),
    ...context,
    ...(remarks.length > 0 && { remarks }),
    ...costsOf(history),
  };
  return { record, evidence };
}

function evidenceOf(
  history: History,
  trial: Trial,
  { view, acks, trial: judged }: Viewed,
): Omit<Evidence, 'paths' | 'readsView' | 'evicted'> {
  const readBack = readBackOf(history, trial.members);
  const { leader } = readBack;
  const lossWindow = lossWindowOf(history, trial, view.rto);
  return {
    trial: judged,
    lossWindow,
    writes: history.writes.count,
    ...view,
    totalGoalMs: goalFor(trial, view.downtime.fromMs).totalGoalMs,
    readBack,
    severalLeaders: severalLeadersIn(history),
    accounts: leader === null ? null : accountsOf(history.writes, leader, trial.scheduled),
    // Where loss is allowed, reads need not see lost writes: a missing write is counted once, as lost.
    reads: readsOf(
      history,
      lossWindow === null || leader === null
        ? acks
        : acknowledgements(history.writes, (n) => isPresent(leader, n)),
      trial.faultMs,
    ),
    restoredEarly: earlyRestore(history),
  };
}

/** Null where the store is followed by another's word, such as its manager's. */
function severalLeadersIn(history: History): Evidence['severalLeaders'] {
  const stretches = all(history, 'several-leaders');
  return stretches.length === 0 && first(history, 'leaders-asked') === undefined ? null : stretches;
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
