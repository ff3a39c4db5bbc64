import type { History } from '../record/history/history.ts';
import type { Judgement } from '../record/judgement.ts';
import type { GoalEntry } from '../record/details/load-detail.ts';
import { reasonOf, worstOf } from '../record/rule.ts';
import type { Rule } from '../record/rule.ts';
import { worst } from '../record/verdict.ts';
import type { Verdict } from '../record/verdict.ts';
import { excused } from './busy.ts';
import { afterwardsRules } from './evidence/afterwards.ts';
import { evidenceRules } from './evidence/need.ts';
import type { EvidenceOf } from './evidence/need.ts';
import { wholeRules } from './evidence/whole.ts';
import { first } from './observed.ts';

/** A judge, what its pass rests on, and what of its histories is only an annotation. */
export interface CheckJudge {
  /** Pure: one trial's history in, judgement out. If it throws, the caller judges `inconclusive`. */
  judge(history: History): Judgement;
  /** Left out: `Findings.each` says what is missing. */
  evidence?: EvidenceOf;
  /** It injects a fault, or may leave something behind: then the rules for the time after a trial apply. */
  trial?: boolean;
  /** How several trials are judged together; absent: the worst of them speaks for all. */
  over?: Judge;
  /** The same with one history at a time, where a hundred of them do not fit into memory. */
  series?: () => Series;
}

/** Pure: histories of all trials in, judgement out. If it throws, the caller judges `inconclusive`. */
export type Judge = (histories: readonly History[]) => Judgement;

/** Takes one trial after the other, and judges them in the end. */
export interface Series {
  add(history: History): unknown;
  judgement(): Judgement;
}

/** A judge's own rules and those that hold for every check, from what its pass rests on, with what a machine that is too busy excuses. */
export function allRules(
  own: readonly Rule[],
  history: History,
  of: Pick<CheckJudge, 'evidence' | 'trial'>,
): Rule[] {
  const whole = wholeRules(history);
  const complete = whole.every(({ verdict }) => verdict === 'pass');
  const rules = [
    ...own,
    ...whole,
    ...evidenceRules(history, of.evidence?.(history.header) ?? [], complete),
    ...(of.trial === true ? afterwardsRules(history) : []),
  ];
  return excused(rules, history);
}

/** The judgement of one history with the general rules beside the judge's own. */
export function judgeOne(history: History, of: CheckJudge): Judgement {
  const judgement = of.judge(history);
  if (judgement.verdict === 'not-run') return notRun(judgement, wholeRules(history));
  const own = judgement.rules ?? [{ id: 'judgement', verdict: judgement.verdict, text: judgement.reason }];
  const rules = allRules(own, history, of);
  const verdict = worstOf(rules);
  const reason = verdict === judgement.verdict ? judgement.reason : reasonOf(rules, judgement.reason);
  const goals = verdict === judgement.verdict ? undefined : judgement.goals;
  return {
    ...judgement,
    verdict,
    reason,
    rules,
    ...(goals && { goals: goals.map(asJudged(verdict, reason)) }),
  };
}

/** A check that was not run owes nothing, and its judge says why. Only a whole history shows that it was not run. */
function notRun(judgement: Judgement, whole: readonly Rule[]): Judgement {
  const verdict = worstOf(whole);
  if (verdict === 'pass') return judgement;
  return { ...judgement, verdict, reason: reasonOf(whole, judgement.reason), rules: [...whole] };
}

/** The verdict of a goal cannot be worse than that of its check. */
function asJudged(verdict: Verdict, reason: string): (goal: GoalEntry) => GoalEntry {
  return (goal) => (worst([goal.verdict, verdict]) === verdict ? goal : { ...goal, verdict, note: reason });
}

/** The judge of all trials of a check. Fewer trials than the goal requires, each counted once, are no pass, however well they went. */
export function judgeOver(of: CheckJudge): Judge {
  const judge = of.over ?? overTrials(of);
  return (histories) => {
    const judgement = judge(histories);
    const wanted = histories[0]?.header.goals.minTrials ?? 1;
    const told = new Set(histories.filter((one) => !wasCutOff(one)).map(({ header }) => header.trial)).size;
    if (judgement.verdict !== 'pass' || told >= wanted) return judgement;
    const text = `${told} ${told === 1 ? 'trial' : 'trials'} passed, the goal asks for ${wanted}`;
    const rules = [...(judgement.rules ?? []), { id: 'trials', verdict: 'inconclusive' as const, text }];
    return { ...judgement, verdict: 'inconclusive', reason: text, rules };
  };
}

/** Whether the trial was cut off and the series continued after it: it says nothing, good or bad, unless it had failed by then. */
function wasCutOff(history: History): boolean {
  return first(history, 'end') === undefined && first(history, 'cut-off') !== undefined;
}

/** Several trials of one check: the worst of them speaks for all. */
function overTrials(of: CheckJudge): Judge {
  return (histories) => {
    const all = histories.map((history) => ({ history, judgement: judgeOne(history, of) }));
    const deciding = all.filter(
      ({ history, judgement: { verdict } }) => !wasCutOff(history) || verdict === 'fail',
    );
    const judgements = (deciding.length > 0 ? deciding : all).map(({ judgement }) => judgement);
    const verdict = worst(judgements.map((judgement) => judgement.verdict));
    const found = judgements.find((judgement) => judgement.verdict === verdict);
    if (found === undefined) throw new Error('a judge needs at least one history');
    return found;
  };
}
