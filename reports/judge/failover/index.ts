/** Judges of failover checks: histories of trials in, one judgement with a failover record for each out. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { aggregateTrials } from '../trials.ts';
import { failoverRecord } from './record.ts';
import { trialOf } from './trial.ts';

export { failoverRecord } from './record.ts';

/** One history a trial. Goals and the number of members are those of the first: a run does not change them on its way. */
export function judgeFailover(histories: readonly History[]): Judgement {
  const records = histories.map(failoverRecord);
  const first = histories[0];
  if (first === undefined) return aggregateTrials(records);
  const goal = (name: string): number | undefined => numberIn(first.header.goals, name);
  return aggregateTrials(records, {
    rtoSeconds: goal('rtoSeconds'),
    lostWrites: goal('lostWrites'),
    lossWindowSeconds: goal('lossWindowSeconds'),
    minTrials: goal('minTrials'),
    electionRequired: trialOf(first).members !== 1,
  });
}

function numberIn(goals: Record<string, unknown>, name: string): number | undefined {
  const value = goals[name];
  return typeof value === 'number' ? value : undefined;
}
