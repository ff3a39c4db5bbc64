/** Judges of failover checks: histories of trials in, one judgement with a failover record for each out. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { aggregateTrials } from '../trials.ts';
import { failoverRecord } from './record.ts';

export { failoverRecord } from './record.ts';

/** One history a trial. Goals and the number of members are those of the first: a run does not change them on its way. */
export function judgeFailover(histories: readonly History[]): Judgement {
  const header = histories[0]?.header;
  const goals = header?.goals ?? {};
  const [, store = ''] = header?.check.split('/') ?? [];
  const stores = header?.settings['stores'] as Record<string, { members?: unknown } | undefined> | undefined;
  const members = header?.settings['members'] ?? stores?.[store]?.members;
  return aggregateTrials(histories.map(failoverRecord), {
    rtoSeconds: numberOf(goals['rtoSeconds']),
    lostWrites: numberOf(goals['lostWrites']),
    minTrials: numberOf(goals['minTrials']),
    electionRequired: members !== 1,
  });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
