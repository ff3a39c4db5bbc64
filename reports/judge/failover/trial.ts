import type { History, Observation } from '../../record/history.ts';

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
  rtoGoalMs: number | null;
  lostGoal: number | null;
  duplicatesGoal: number;
  rtoDeadlineMs: number | null;
  /** The wait for a steady stretch was given up. */
  gaveUp: boolean;
  members: number | null;
  scheduled: number | null;
  steadyAfter: Observation | null;
}

export function trialOf(history: History): Trial {
  const { header, observations } = history;
  const find = (kind: string): Observation | null => observations.find((seen) => seen.kind === kind) ?? null;
  const [, store = '?', checkFault = '?'] = header.check.split('/');
  const armed = find('fault-armed');
  const acted = find('fault-acted');
  const landed = find('fault-landed');
  const missed = find('fault-missed');
  const deadline = find('deadline');
  const proof = landed === null ? '' : text(landed['proof']);
  const faultMs = armed?.t ?? acted?.t ?? landed?.t ?? null;
  const proved = landed !== null && proof !== '' ? landed.t : null;
  return {
    store,
    fault: text(armed?.['fault'], checkFault),
    target: text(armed?.['target'], 'none'),
    faultMs,
    actedMs: acted?.t ?? null,
    landedMs: proved,
    landedBy: landed === null ? '' : `${text(landed['by'])}: ${proof}`,
    missed: missedReason(missed, landed, find('no-fault'), armed),
    zeroMs: proved ?? faultMs ?? firstOf(history),
    rtoGoalMs: seconds(header.goals['rtoSeconds']),
    lostGoal: number(header.goals['lostWrites']),
    duplicatesGoal: number(header.goals['duplicates']) ?? 0,
    rtoDeadlineMs: number(deadline?.['rtoDeadlineMs']) ?? deadlineSetting(header.settings),
    gaveUp: deadline !== null,
    members: membersSetting(header.settings, store),
    scheduled: number(find('workload-end')?.['scheduled']),
    // The last one counts: a wait may look more than once.
    steadyAfter: observations.findLast((seen) => seen.kind === 'steady-after') ?? null,
  };
}

function missedReason(...seen: (Observation | null)[]): string {
  const [missed, landed, none, armed] = seen;
  if (missed !== null && missed !== undefined) return text(missed['reason']);
  if (landed !== null && landed !== undefined) return 'its landing is not proved';
  if (none !== null && none !== undefined) return `it was not injected: ${text(none['reason'])}`;
  return armed === null ? 'it was not injected' : 'it was armed, and nothing more was recorded';
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

function seconds(value: unknown): number | null {
  const found = number(value);
  return found === null ? null : found * 1000;
}

export function text(value: unknown, fallback = '?'): string {
  return typeof value === 'string' ? value : fallback;
}
