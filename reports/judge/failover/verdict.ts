import type { Afterwards, FailoverRecord, Interval } from '../../record/run-record.ts';
import type { Verdict } from '../../record/verdict.ts';
import { MAX_LAG_MS } from './generator.ts';
import { sameContents } from './readback.ts';
import type { LossWindow } from './loss-window.ts';
import type { Contents, ReadBack } from './readback.ts';
import type { Episode } from './recovery.ts';
import type { StaleReads } from './staleness.ts';
import type { Accounts } from './sums.ts';
import type { Trial } from './trial.ts';
import { text } from './trial.ts';

/** Fewer acknowledged writes before the fault say nothing about what it cost. */
export const MIN_ACKNOWLEDGED = 100;
const MAX_NAMED = 10;

/** Everything that the rules look at. */
export interface Evidence {
  trial: Trial;
  /** What may be lost, and when it must have been acknowledged; null: no loss is allowed for. */
  lossWindow: LossWindow | null;
  writes: number;
  acknowledgedBefore: number;
  /** The episode that gives the RTO: the longest that ended in a steady stretch; null: there is none. */
  episode: Episode | null;
  rto: Interval | null;
  /** The last episode after the fault, when nothing steady came after it. */
  open: Episode | null;
  /** When an open episode was last seen to be one, ms of CLOCK_MONOTONIC. */
  endOfRecordingMs: number;
  lag: FailoverRecord['generatorLagMs'];
  readBack: ReadBack;
  accounts: Accounts | null;
  stale: StaleReads;
  afterwards: Afterwards | null;
  damaged: string[];
  /** What ended the trial before its end. */
  cutOff: string | null;
  /** Why the fault was undone before the store had come back by itself. */
  restoredEarly: string | null;
}

type Rule = (evidence: Evidence) => string | null;

/** What is proved wrong: it holds whatever else is missing. In the order in which it is told. */
const FAILURES: readonly Rule[] = [
  neverBack,
  lostWrites,
  lostTooLong,
  lostApart,
  ({ accounts, trial }) =>
    accounts !== null && accounts.sums.duplicates > trial.duplicatesGoal
      ? `${counted(accounts.sums.duplicates, 'duplicated write')}: ${named(accounts.duplicateNumbers)}`
      : null,
  ({ accounts }) =>
    accounts !== null && accounts.sums.unexpected > 0
      ? `${counted(accounts.sums.unexpected, 'write')} refused and there all the same: ${named(accounts.unexpectedNumbers)}`
      : null,
  ({ stale: { primary } }) =>
    primary > 0 ? `${counted(primary, 'read')} on the primary missed an acknowledged write` : null,
  ({ trial: { reader } }) =>
    reader !== null && reader.duplicates > 0
      ? `a consumer got ${counted(reader.duplicates, 'message')} twice without being told so`
      : null,
  ({ trial: { reader } }) =>
    reader !== null && reader.outOfOrder > 0
      ? `a consumer got ${counted(reader.outOfOrder, 'message')} of one publisher out of order`
      : null,
  divergedMembers,
  ({ trial: { steadyAfter } }) =>
    steadyAfter !== null && steadyAfter['ok'] !== true
      ? `not all members were back afterwards: ${text(steadyAfter['detail'])}`
      : null,
  rolesChanged,
  tooSlow,
];

/** What keeps the trial from saying anything. */
const GAPS: readonly Rule[] = [
  ({ cutOff }) => (cutOff === null ? null : `cut off: ${cutOff}`),
  ({ restoredEarly }) =>
    restoredEarly === null
      ? null
      : `the fault was undone early (${restoredEarly}): how long the store alone would have taken is not known`,
  ({ writes }) => (writes === 0 ? 'no write was recorded' : null),
  ({ trial, lossWindow }) =>
    trial.rtoGoalMs === null || (trial.lostGoal === null && lossWindow === null)
      ? 'the history states no goals for RTO and lost writes'
      : null,
  ({ trial }) => (trial.landedMs === null ? `the fault did not land: ${trial.missed}` : null),
  ({ acknowledgedBefore, trial }) =>
    trial.faultMs !== null && acknowledgedBefore < MIN_ACKNOWLEDGED
      ? `${acknowledgedBefore} acknowledged writes before the fault, ${MIN_ACKNOWLEDGED} are needed`
      : null,
  ({ lag }) =>
    lag.atEdges > MAX_LAG_MS
      ? `the generator was ${lag.atEdges.toFixed(1)} ms late at the edges of the outage (limit ${MAX_LAG_MS} ms)`
      : null,
  ({ rto, trial }) =>
    rto === null && trial.landedMs !== null
      ? 'the recording ended before writes were seen to succeed for 5 s again'
      : null,
  ({ rto, trial }) =>
    rto !== null && trial.rtoGoalMs !== null && rto.hiMs > trial.rtoGoalMs && rto.loMs <= trial.rtoGoalMs
      ? `RTO between ${seconds(rto.loMs)} and ${seconds(rto.hiMs)} s, the ${goalText(trial, trial.rtoGoalMs)} lies in between`
      : null,
  ({ readBack }) => (readBack.gaps.length > 0 ? readBack.gaps.join('; ') : null),
  ({ accounts }) =>
    accounts !== null && accounts.mismatches.length > 0 ? accounts.mismatches.join('; ') : null,
  ({ trial }) =>
    trial.steadyAfter === null ? 'it was not looked at whether all members were back afterwards' : null,
  ({ afterwards }) =>
    afterwards !== null && afterwards.differences.length > 0
      ? `the environment is not as before: ${afterwards.differences.slice(0, MAX_NAMED).join('; ')}`
      : null,
  ({ lag }) =>
    (lag.outside ?? 0) > MAX_LAG_MS
      ? `the generator was ${(lag.outside ?? 0).toFixed(1)} ms late (p99) outside of outages (limit ${MAX_LAG_MS} ms): the load was not delivered as stated`
      : null,
  ({ damaged }) => (damaged.length > 0 ? `damaged lines in the history: ${damaged.join(', ')}` : null),
];

/** The verdict of one trial: a proved failure wins over everything missing, anything missing over a pass. */
export function decide(evidence: Evidence): { verdict: Verdict; reason: string } {
  const failures = apply(FAILURES, evidence);
  if (failures.length > 0) return { verdict: 'fail', reason: failures.join('; ') };
  const gaps = apply(GAPS, evidence);
  if (gaps.length > 0) return { verdict: 'inconclusive', reason: gaps.join('; ') };
  return { verdict: 'pass', reason: passReason(evidence) };
}

function passReason({ rto, accounts }: Evidence): string {
  const took = rto === null ? '' : `RTO ${seconds(rto.loMs)} to ${seconds(rto.hiMs)} s`;
  if (accounts === null) return took;
  const { lost, ok } = accounts.sums;
  const within = lost > 0 ? ` within ${Math.round(accounts.lossWindowMs ?? 0)} ms` : '';
  return `${took}, ${lost} of ${ok} acknowledged writes lost${within}`;
}

function apply(rules: readonly Rule[], evidence: Evidence): string[] {
  return rules.map((rule) => rule(evidence)).filter((found) => found !== null);
}

/** Not steady before the deadline. Told of the store even where the fault, the read-back or anything else is missing. */
function neverBack(evidence: Evidence): string | null {
  return evidence.open === null ? backTooLate(evidence) : stillOut(evidence);
}

function backTooLate({ episode, trial }: Evidence): string | null {
  const steadyFromMs = episode?.steadyFromMs ?? null;
  if (trial.rtoDeadlineMs === null || steadyFromMs === null) return null;
  const took = steadyFromMs - (trial.faultMs ?? trial.zeroMs);
  return took > trial.rtoDeadlineMs ? `RTO > ${seconds(trial.rtoDeadlineMs)} s, the deadline` : null;
}

function stillOut({ trial, endOfRecordingMs }: Evidence): string | null {
  const { rtoDeadlineMs, gaveUp } = trial;
  const started = trial.faultMs ?? trial.zeroMs;
  const passed = rtoDeadlineMs !== null && endOfRecordingMs - started >= rtoDeadlineMs;
  if (!gaveUp && !passed) return null;
  const limit = rtoDeadlineMs ?? endOfRecordingMs - started;
  return `RTO > ${seconds(limit)} s: writes did not succeed for 5 s again before the deadline`;
}

function lostWrites({ accounts, trial }: Evidence): string | null {
  if (accounts === null || trial.lostGoal === null || accounts.sums.lost <= trial.lostGoal) return null;
  const { sums, lostNumbers, lossWindowMs } = accounts;
  const window = sums.lost > 1 ? ` within ${Math.round(lossWindowMs ?? 0)} ms` : '';
  return `lost ${counted(sums.lost, 'acknowledged write')}${window} (goal ${trial.lostGoal}): ${named(lostNumbers)}`;
}

/** For stores that replicate asynchronously: what is lost was acknowledged within a short time. */
function lostTooLong({ accounts, lossWindow }: Evidence): string | null {
  if (accounts === null || lossWindow === null || accounts.sums.lost === 0) return null;
  const { sums, lostNumbers, lossWindowMs } = accounts;
  const { goalMs } = lossWindow;
  if ((lossWindowMs ?? 0) <= goalMs) return null;
  return `lost ${counted(sums.lost, 'acknowledged write')} over ${Math.round(lossWindowMs ?? 0)} ms, the loss window may be ${Math.round(goalMs)} ms: ${named(lostNumbers)}`;
}

/** And that time is the one around the fault: a write that was replicated long before, or written to the new leader, may not be lost. */
function lostApart({ accounts, lossWindow, trial }: Evidence): string | null {
  if (accounts?.lostMs == null || lossWindow === null) return null;
  const faultMs = trial.faultMs ?? trial.zeroMs;
  const { loMs, hiMs } = accounts.lostMs;
  const told = (word: string, ms: number, limitMs: number): string =>
    `lost an acknowledged write of ${seconds(ms)} s ${word} the fault, at most ${seconds(limitMs)} s can be explained by it: ${named(accounts.lostNumbers)}`;
  if (loMs < lossWindow.earliestMs) return told('before', faultMs - loMs, faultMs - lossWindow.earliestMs);
  if (hiMs > lossWindow.latestMs) return told('after', hiMs - faultMs, lossWindow.latestMs - faultMs);
  return null;
}

/** Roles that are not those of before: a member is missing, or serves as something else. */
export function rolesChanged({ afterwards }: Evidence): string | null {
  const other = (afterwards?.roles ?? []).filter(({ before, after }) => before !== after);
  if (other.length === 0) return null;
  return `roles are not as before: ${other.map(({ store, before, after }) => `${store} was ${before}, is ${after}`).join('; ')}`;
}

function divergedMembers({ readBack: { leader, members } }: Evidence): string | null {
  if (leader === null) return null;
  const others = members.filter((member) => !sameContents(member, leader));
  return others.length === 0 ? null : others.map((member) => difference(member, leader)).join('; ');
}

function difference(member: Contents, leader: Contents): string {
  const lacking = without(leader, member);
  const extra = without(member, leader);
  return `${member.source} differs from the leader ${leader.source} after it rejoined: ${lacking} writes missing, ${extra} too many`;
}

/** How many numbers of a are not in b. */
function without(a: Contents, b: Contents): number {
  let count = 0;
  for (const [from, to] of a.present) {
    let left = to - from + 1;
    for (const [low, high] of b.present) left -= Math.max(0, Math.min(to, high) - Math.max(from, low) + 1);
    count += left;
  }
  return count;
}

/** Proved too slow, by an outage with edges that can be trusted or by one that was still open when the recording ended. */
function tooSlow({ rto, open, trial, lag, endOfRecordingMs }: Evidence): string | null {
  const goal = trial.rtoGoalMs;
  if (goal === null || trial.landedMs === null) return null;
  if (open !== null) {
    const atLeast = Math.min(open.end.loMs, endOfRecordingMs) - open.start.hiMs;
    return atLeast > goal
      ? `RTO > ${seconds(atLeast)} s when the recording ended, ${goalText(trial, goal)}`
      : null;
  }
  if (rto === null || lag.atEdges > MAX_LAG_MS || rto.loMs <= goal) return null;
  return `RTO ${seconds(rto.loMs)} to ${seconds(rto.hiMs)} s, ${goalText(trial, goal)}`;
}

function goalText({ awayMs }: Trial, goalMs: number): string {
  const away = awayMs === 0 ? '' : ` (${seconds(awayMs)} s of it until the majority was given back)`;
  return `goal ${seconds(goalMs)} s${away}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function named(numbers: readonly number[]): string {
  const more = numbers.length > MAX_NAMED ? ', …' : '';
  return `number ${numbers.slice(0, MAX_NAMED).join(', ')}${more}`;
}

export function seconds(ms: number): string {
  return (Math.round(ms) / 1000).toString();
}
