/** Judges of failover checks: histories of trials in, one judgement with a failover record for each out. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { FailoverRecord } from '../../record/run-record.ts';
import { aggregateTrials } from '../trials.ts';
import type { TrialGoals } from '../trials.ts';
import { failoverRecord } from './record.ts';
import { trialOf } from './trial.ts';

export { failoverRecord } from './record.ts';

/**
 * One trial at a time: a series of a hundred is judged with one history in memory. Goals and the number of members are those
 * of the first: a run does not change them on its way.
 */
export class FailoverSeries {
  readonly #records: FailoverRecord[] = [];
  #goals: TrialGoals | null = null;
  #awayMs = 0;

  add(history: History): FailoverRecord {
    const record = failoverRecord(history);
    this.#records.push(record);
    this.#goals ??= goalsOf(history);
    const { awayMs } = trialOf(history);
    if (Number.isFinite(awayMs)) this.#awayMs = Math.max(this.#awayMs, awayMs);
    return record;
  }

  judgement(): Judgement {
    const away = this.#awayMs === 0 ? {} : { awaySeconds: Math.round(this.#awayMs) / 1000 };
    return aggregateTrials(this.#records, { ...this.#goals, ...away });
  }
}

/** The same, of histories that are in memory already. */
export function judgeFailover(histories: readonly History[]): Judgement {
  const series = new FailoverSeries();
  for (const history of histories) series.add(history);
  return series.judgement();
}

function goalsOf(first: History): TrialGoals {
  const goal = (name: string): number | undefined => numberIn(first.header.goals, name);
  const beyond = first.header.goals['lossWindowBeyondFailover'];
  return {
    rtoSeconds: goal('rtoSeconds'),
    lostWrites: goal('lostWrites'),
    lossWindowSeconds: goal('lossWindowSeconds'),
    lossWindowBeyondFailover: typeof beyond === 'string' ? beyond : undefined,
    minTrials: goal('minTrials'),
    // Who is hurt need not lead: then nobody has to be elected.
    electionRequired: trialOf(first).members !== 1 && ['leader', 'master'].includes(aimOf(first)),
  };
}

function aimOf({ header }: History): string {
  const failover = header.settings['failover'] as { target?: unknown } | undefined;
  return typeof failover?.target === 'string' ? failover.target : 'leader';
}

function numberIn(goals: Record<string, unknown>, name: string): number | undefined {
  const value = goals[name];
  return typeof value === 'number' ? value : undefined;
}
