/** Judges of failover checks: histories of trials in, one judgement with a failover record for each out. */
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { aggregateTrials } from './trials.ts';
import type { TrialGoals } from './trials.ts';
import { reasonOf, worstOf } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { allRules } from '../../../reports/judge/definition.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { WHOLE_END } from '../../../reports/judge/evidence/whole.ts';
import { coherenceRules } from './coherence.ts';
import { failoverEvidence } from './evidence.ts';
import { excusedByEviction } from './evicted.ts';
import { measure } from './record.ts';
import type { Measured } from './record.ts';
import { trialOf } from './trial.ts';
import { passReason, rulesOf } from './verdict.ts';

/** The goals of a failover check, its rules and the evidence that it needs. */
export const FAILOVER: CheckJudge = {
  judge: (history) => judgeFailover([history]),
  evidence: failoverEvidence,
  trial: true,
  over: judgeFailover,
  series: () => new FailoverSeries(),
};

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

/** The record of one trial, judged by its own rules and by those that every check has. Pure: the same history always gives the same record. */
export function failoverRecord(history: History): FailoverRecord {
  const measured = measure(history);
  const all = [...allRules(rulesOf(measured.evidence), history, FAILOVER), ...coherenceRules(history)];
  return recordBy(excusedByEviction(all.toSorted(endFirst), measured.evidence.evicted), measured);
}

/** What was measured, with what these rules say of it. */
export function recordBy(rules: readonly Rule[], { record, evidence }: Measured): FailoverRecord {
  const reason = reasonOf(rules, passReason(evidence));
  return { ...record, verdict: worstOf(rules), reason, rules: rules.map(plain) };
}

/** What cut a trial off explains whatever else it lacks. */
const endFirst = (a: Rule, b: Rule): number => Number(b.id === WHOLE_END) - Number(a.id === WHOLE_END);

const plain = ({ id, verdict, text, ofTime }: Rule): NonNullable<FailoverRecord['rules']>[number] => ({
  id,
  verdict,
  text,
  ...(ofTime && { ofTime }),
});

function goalsOf(first: History): TrialGoals {
  const { goals } = first.header;
  const { lossWindowBeyondFailover: beyond } = goals;
  return {
    rtoSeconds: goals.rtoSeconds,
    readsRtoSeconds: goals.readsRtoSeconds,
    totalOutageSeconds: goals.totalOutageSeconds,
    outages: goals.outages,
    lostWrites: goals.lostWrites,
    lossWindowSeconds: goals.lossWindowSeconds,
    lossWindowBeyondFailover: beyond === false ? undefined : beyond,
    minTrials: goals.minTrials,
    // A fault that is not aimed at the leader requires no election.
    electionRequired:
      goals.elections !== 0 && trialOf(first).members !== 1 && ['leader', 'master'].includes(aimOf(first)),
  };
}

function aimOf({ header }: History): string {
  return header.settings.failover?.target ?? 'leader';
}
