import { faultFacts } from '../../../reports/record/facts/fault-facts.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { LandedBy } from '../../../reports/record/observations/failover.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../reports/record/settings.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { streamGoalMs } from './stream-goals.ts';

/** What a trial's observations say about its fault and its settings, in one place. */
export interface Trial {
  store: string;
  fault: string;
  target: string;
  /** When the action may have begun; null: it never did. */
  faultMs: number | null;
  actedMs: number | null;
  landedMs: number | null;
  /** The cause that proved the landing; null: it did not land. */
  landedBy: LandedBy | null;
  proof: string;
  /** Why it did not land, as far as it is known. */
  missed: string;
  /** It was not even injected. */
  notInjected: boolean;
  /** All times of the record count from here: the landing, else the action, else the first write. */
  zeroMs: number;
  /** ms, with `awayMs` added. */
  rtoGoalMs: number | null;
  /** Goal for all outages since the fault together, with `awayMs` added. */
  totalGoalMs: number | null;
  outagesGoal: number | null;
  lostGoal: number | null;
  /** Lost writes are allowed, if they were acknowledged within this time of each other; null: not allowed. */
  lossWindowGoalMs: number | null;
  duplicatesGoal: number;
  /** From the fault, with `awayMs` added. */
  rtoDeadlineMs: number | null;
  /** When the rollback began. Outages that began later are due to the return, and their deadline counts from here. */
  healingMs: number | null;
  /**
   * If a majority was hit: time from the landing to its return, ms; otherwise 0. The store cannot recover sooner, so goal and deadline
   * count from the return.
   */
  awayMs: number;
  /** The wait for a steady stretch was given up. */
  gaveUp: boolean;
  members: number | null;
  scheduled: number | null;
  /** What a consumer beside the writes saw; null: there was none. */
  reader: Seen<'reader'> | null;
}

export function trialOf(history: History): Trial {
  const { header } = history;
  const [, store = '?', fault = '?'] = header.check.split('/');
  const injected = faultOf(history, fault);
  const awayMs = awayOf(history, injected);
  return {
    ...injected,
    ...withAway(goalsOf(header), deadlineOf(history), awayMs),
    store,
    healingMs: all(history, 'stage').find(({ name }) => name === 'healing')?.t ?? null,
    members: membersSetting(header.settings, store),
    scheduled: first(history, 'client-load-end')?.scheduled ?? null,
    reader: first(history, 'reader') ?? null,
  };
}

type FaultPart = Pick<
  Trial,
  | 'fault'
  | 'target'
  | 'faultMs'
  | 'actedMs'
  | 'landedMs'
  | 'landedBy'
  | 'proof'
  | 'missed'
  | 'notInjected'
  | 'zeroMs'
>;

function faultOf(history: History, checkFault: string): FaultPart {
  const armed = first(history, 'fault-armed');
  const acted = first(history, 'fault-acted');
  const landed = first(history, 'fault-landed');
  const faultMs = (armed ?? acted ?? landed)?.t ?? null;
  const landing = landingOf(landed);
  return {
    ...aimOf(armed, checkFault),
    ...landing,
    faultMs,
    actedMs: acted?.t ?? null,
    missed: missedReason(history),
    notInjected: armed === undefined && landed === undefined,
    zeroMs: landing.landedMs ?? faultMs ?? firstOf(history),
  };
}

/** Proved by its cause, or not landed. */
function landingOf(seen: Seen<'fault-landed'> | undefined): Pick<Trial, 'landedMs' | 'landedBy' | 'proof'> {
  if (seen === undefined || seen.proof === '') return { landedMs: null, landedBy: null, proof: '' };
  return { landedMs: seen.t, landedBy: seen.by, proof: seen.proof };
}

function aimOf(armed: Seen<'fault-armed'> | undefined, checkFault: string): Pick<Trial, 'fault' | 'target'> {
  if (armed === undefined) return { fault: checkFault, target: 'none' };
  return { fault: armed.fault, target: armed.target };
}

type Goals = Pick<
  Trial,
  'rtoGoalMs' | 'totalGoalMs' | 'outagesGoal' | 'lostGoal' | 'lossWindowGoalMs' | 'duplicatesGoal'
>;

function goalsOf({ goals }: HistoryHeader): Goals {
  const { totalOutageSeconds, lossWindowSeconds } = goals;
  const rtoGoalMs = streamGoalMs('writes', goals);
  return {
    lossWindowGoalMs: msOf(lossWindowSeconds),
    rtoGoalMs,
    totalGoalMs: msOf(totalOutageSeconds) ?? rtoGoalMs,
    outagesGoal: goals.outages ?? null,
    lostGoal: goals.lostWrites ?? null,
    duplicatesGoal: goals.duplicates ?? 0,
  };
}

const msOf = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1000);

type Deadline = Pick<Trial, 'rtoDeadlineMs' | 'gaveUp'>;

function deadlineOf(history: History): Deadline {
  const seen = first(history, 'deadline');
  const { rtoDeadlineMs, timeouts } = history.header.settings;
  return {
    rtoDeadlineMs: seen?.rtoDeadlineMs ?? rtoDeadlineMs ?? timeouts?.['rtoDeadline'] ?? null,
    gaveUp: seen !== undefined,
  };
}

/**
 * A majority that is hit by a fault that does not end by itself is kept away for a while, then given back. Undoing the fault early, to save error
 * budget, also returns it. Infinity: the recording ended before the return.
 */
function awayOf(history: History, { fault, landedMs }: FaultPart): number {
  if (landedMs === null) return 0;
  const returned = first(history, 'given-back');
  if (returned !== undefined)
    return Math.max(0, Math.min(returned.t, first(history, 'restored-early')?.t ?? Infinity) - landedMs);
  const target = history.header.settings.failover?.target;
  const lasts = target === 'majority' && faultFacts(fault)?.heals === false;
  return lasts && first(history, 'end') === undefined ? Infinity : 0;
}

function withAway(
  goals: Goals,
  deadline: Deadline,
  awayMs: number,
): Goals & Deadline & Pick<Trial, 'awayMs'> {
  const later = (ms: number | null): number | null => (ms === null ? null : ms + awayMs);
  return {
    ...goals,
    ...deadline,
    rtoGoalMs: later(goals.rtoGoalMs),
    totalGoalMs: later(goals.totalGoalMs),
    rtoDeadlineMs: later(deadline.rtoDeadlineMs),
    awayMs,
  };
}

/**
 * The trial's goals for one of its outages. A goal includes the time for which a majority was kept away; the part of it before this
 * outage began is subtracted.
 */
export function goalFor(
  trial: Trial,
  outageFromMs: number | null,
): Pick<Trial, 'rtoGoalMs' | 'totalGoalMs' | 'awayMs'> {
  const { rtoGoalMs, totalGoalMs, awayMs, landedMs } = trial;
  if (landedMs === null || outageFromMs === null || !Number.isFinite(awayMs))
    return { rtoGoalMs, totalGoalMs, awayMs };
  const before = Math.min(awayMs, Math.max(0, outageFromMs - landedMs));
  const less = (ms: number | null): number | null => (ms === null ? null : ms - before);
  return { rtoGoalMs: less(rtoGoalMs), totalGoalMs: less(totalGoalMs), awayMs: awayMs - before };
}

/** Why the fault did not land, for a trial in which it did not. */
function missedReason(history: History): string {
  const missed = first(history, 'fault-missed');
  if (missed !== undefined) return missed.reason;
  if (first(history, 'fault-landed') !== undefined) return 'its landing is not proved';
  const none = first(history, 'no-fault');
  if (none !== undefined) return `it was not injected: ${none.reason}`;
  const unsteady = first(history, 'steady');
  if (unsteady?.ok === false)
    return `it was not injected, because the target was not steady: ${unsteady.detail}`;
  return first(history, 'fault-armed') === undefined
    ? 'it was not injected'
    : 'it was armed, but nothing was recorded after that';
}

function firstOf({ writes, header }: History): number {
  return writes.intendedMs[0] ?? header.anchor.monoMs;
}

function membersSetting({ members, stores }: HeaderSettings, store: string): number | null {
  return members ?? stores?.[store]?.members ?? null;
}
