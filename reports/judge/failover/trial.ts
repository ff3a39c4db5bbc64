import type { History, HistoryHeader, Observation } from '../../record/history.ts';

/** What a trial's observations say about its fault and its settings, in one place. */
export interface Trial {
  store: string;
  fault: string;
  target: string;
  /** When the action may have begun; null: it never did. */
  faultMs: number | null;
  actedMs: number | null;
  landedMs: number | null;
  landedBy: string;
  /** Why it did not land, as far as it is known. */
  missed: string;
  /** All times of the record count from here: the landing, else the action, else the first write. */
  zeroMs: number;
  /** With `awayMs`. */
  rtoGoalMs: number | null;
  lostGoal: number | null;
  /** Lost writes are allowed, if they were acknowledged within this time of each other; null: not allowed. */
  lossWindowGoalMs: number | null;
  duplicatesGoal: number;
  /** From the fault, with `awayMs`. */
  rtoDeadlineMs: number | null;
  /**
   * Where a majority was hurt: what passed between the landing and its return, ms, else 0. Without it nothing comes back, so that goal and
   * deadline count from the return.
   */
  awayMs: number;
  /** The wait for a steady stretch was given up. */
  gaveUp: boolean;
  members: number | null;
  scheduled: number | null;
  steadyAfter: Observation | null;
  /** What a consumer beside the writes saw that may not be; null: there was none. */
  reader: { duplicates: number; outOfOrder: number } | null;
}

export function trialOf(history: History): Trial {
  const { header, observations } = history;
  const find: Find = (kind) => observations.find((seen) => seen.kind === kind) ?? null;
  const [, store = '?', fault = '?'] = header.check.split('/');
  const hurt = faultOf(find, fault, firstOf(history));
  const awayMs = awayOf(history, find, hurt);
  return {
    ...hurt,
    ...withAway(goalsOf(header), deadlineOf(find('deadline'), header.settings), awayMs),
    store,
    members: membersSetting(header.settings, store),
    scheduled: number(find('workload-end')?.['scheduled']),
    reader: readerOf(find('reader')),
    // The last one counts: a wait may look more than once.
    steadyAfter: observations.findLast((seen) => seen.kind === 'steady-after') ?? null,
  };
}

type Find = (kind: string) => Observation | null;
type FaultPart = Pick<
  Trial,
  'fault' | 'target' | 'faultMs' | 'actedMs' | 'landedMs' | 'landedBy' | 'missed' | 'zeroMs'
>;

function faultOf(find: Find, checkFault: string, firstMs: number): FaultPart {
  const [armed, acted, landed] = [find('fault-armed'), find('fault-acted'), find('fault-landed')];
  const faultMs = [armed, acted, landed].find((seen) => seen !== null)?.t ?? null;
  const { landedMs, landedBy } = landingOf(landed);
  return {
    ...aimOf(armed, checkFault),
    faultMs,
    actedMs: acted?.t ?? null,
    landedMs,
    landedBy,
    missed: missedReason(find),
    zeroMs: landedMs ?? faultMs ?? firstMs,
  };
}

/** Proved by its cause, or not landed. */
function landingOf(landed: Observation | null): Pick<Trial, 'landedMs' | 'landedBy'> {
  const proof = landed === null ? '' : text(landed['proof'], '');
  if (landed === null || proof === '') return { landedMs: null, landedBy: '' };
  return { landedMs: landed.t, landedBy: `${text(landed['by'])}: ${proof}` };
}

function aimOf(armed: Observation | null, checkFault: string): Pick<Trial, 'fault' | 'target'> {
  if (armed === null) return { fault: checkFault, target: 'none' };
  return { fault: text(armed['fault'], checkFault), target: text(armed['target'], 'none') };
}

function goalsOf({
  goals,
}: HistoryHeader): Pick<Trial, 'rtoGoalMs' | 'lostGoal' | 'lossWindowGoalMs' | 'duplicatesGoal'> {
  const rtoSeconds = number(goals['rtoSeconds']);
  const windowSeconds = number(goals['lossWindowSeconds']);
  return {
    lossWindowGoalMs: windowSeconds === null ? null : windowSeconds * 1000,
    rtoGoalMs: rtoSeconds === null ? null : rtoSeconds * 1000,
    lostGoal: number(goals['lostWrites']),
    duplicatesGoal: number(goals['duplicates']) ?? 0,
  };
}

function deadlineOf(
  seen: Observation | null,
  settings: Record<string, unknown>,
): Pick<Trial, 'rtoDeadlineMs' | 'gaveUp'> {
  return {
    rtoDeadlineMs: number(seen?.['rtoDeadlineMs']) ?? deadlineSetting(settings),
    gaveUp: seen !== null,
  };
}

/** Faults that stay in force until they are undone: a majority that is hurt by one is kept away for a while, then given back. */
const LASTING: readonly string[] = ['hang', 'node-loss', 'partition'];

/** A fault that was undone early for its price has given the majority back then. Infinity: the recording ended before it was. */
function awayOf({ header }: History, find: Find, { fault, landedMs }: FaultPart): number {
  if (landedMs === null) return 0;
  const returned = find('given-back');
  if (returned !== null)
    return Math.max(0, Math.min(returned.t, find('restored-early')?.t ?? Infinity) - landedMs);
  const { target } = (header.settings['failover'] ?? {}) as { target?: unknown };
  return target === 'majority' && LASTING.includes(fault) && find('end') === null ? Infinity : 0;
}

type Goals = ReturnType<typeof goalsOf>;
type Deadline = ReturnType<typeof deadlineOf>;

function withAway(
  goals: Goals,
  deadline: Deadline,
  awayMs: number,
): Goals & Deadline & Pick<Trial, 'awayMs'> {
  return {
    ...goals,
    ...deadline,
    rtoGoalMs: goals.rtoGoalMs === null ? null : goals.rtoGoalMs + awayMs,
    rtoDeadlineMs: deadline.rtoDeadlineMs === null ? null : deadline.rtoDeadlineMs + awayMs,
    awayMs,
  };
}

/**
 * The trial as an episode is held against it: what of the majority's absence had passed before the outage began is no part of the
 * outage, so that it is none of the goal.
 */
export function goalFor(trial: Trial, outageFromMs: number | null): Pick<Trial, 'rtoGoalMs' | 'awayMs'> {
  const { rtoGoalMs, awayMs, landedMs } = trial;
  if (landedMs === null || outageFromMs === null || !Number.isFinite(awayMs)) return { rtoGoalMs, awayMs };
  const before = Math.min(awayMs, Math.max(0, outageFromMs - landedMs));
  return { rtoGoalMs: rtoGoalMs === null ? null : rtoGoalMs - before, awayMs: awayMs - before };
}

function readerOf(seen: Observation | null): Trial['reader'] {
  if (seen === null) return null;
  return { duplicates: number(seen['duplicates']) ?? 0, outOfOrder: number(seen['outOfOrder']) ?? 0 };
}

/** Why the fault did not land, for a trial in which it did not. */
function missedReason(find: Find): string {
  const missed = find('fault-missed');
  if (missed !== null) return text(missed['reason']);
  if (find('fault-landed') !== null) return 'its landing is not proved';
  const none = find('no-fault');
  if (none !== null) return `it was not injected: ${text(none['reason'])}`;
  return find('fault-armed') === null ? 'it was not injected' : 'it was armed, and nothing more was recorded';
}

function firstOf({ writes, header }: History): number {
  return writes.count === 0 ? header.anchor.monoMs : (writes.intendedMs[0] as number);
}

function deadlineSetting(settings: Record<string, unknown>): number | null {
  const timeouts = settings['timeouts'] as Record<string, unknown> | undefined;
  return number(settings['rtoDeadlineMs']) ?? number(timeouts?.['rtoDeadline']);
}

function membersSetting(settings: Record<string, unknown>, store: string): number | null {
  const stores = settings['stores'] as Record<string, { members?: unknown } | undefined> | undefined;
  return number(settings['members']) ?? number(stores?.[store]?.members);
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function text(value: unknown, fallback = '?'): string {
  return typeof value === 'string' ? value : fallback;
}
