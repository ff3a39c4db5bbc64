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
import { foreignText, isCopy, paceOf } from './identity.ts';
import type { Identity } from './identity.ts';
import { undisturbed } from './undisturbed.ts';

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

/** A judge's own rules and those that hold for every check, from what its pass rests on, with what a machine that is too busy excuses, and who else acted. */
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
  return excused(of.trial === true ? undisturbed(rules, history) : rules, history);
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

/** The judge of all trials of a check, of histories that are in memory already. */
export function judgeOver(of: CheckJudge, identity?: Identity): Judge {
  return (histories) => {
    const series = seriesOf(of, identity);
    for (const history of histories) series.add(history);
    return series.judgement();
  };
}

/**
 * Judges the trials of a check, one after the other. What is not its own says nothing, good or bad. Fewer trials than the goal requires, each counted
 * once, are no pass, however well they went, and neither is one that was counted twice.
 * @param identity left out: whose histories they are is not known
 */
export function seriesOf(of: CheckJudge, identity?: Identity): Series {
  const own = of.series?.() ?? atOnce(of.over ?? overTrials(of));
  const foreign = new Set<string>();
  const trials: { header: History['header']; pace: Set<number> }[] = [];
  return {
    add(history) {
      const text = identity === undefined ? null : foreignText(history, identity);
      if (text !== null) return foreign.add(text);
      trials.push({ header: history.header, pace: paceOf(history) });
      return own.add(history);
    },
    judgement() {
      const [other] = foreign;
      if (other !== undefined) return held(NOTHING, 'identity', other);
      const judgement = own.judgement();
      if (judgement.verdict !== 'pass') return judgement;
      const twin = trials.find(({ pace }, i) => trials.slice(0, i).some((one) => isCopy(one.pace, pace)));
      if (twin !== undefined)
        return held(judgement, 'identity', `trial ${twin.header.trial} is a copy of an earlier one`);
      const told = new Set(trials.map(({ header }) => header.trial)).size;
      const wanted = trials[0]?.header.goals.minTrials ?? 1;
      if (told < wanted)
        return held(
          judgement,
          'trials',
          `${told} ${told === 1 ? 'trial' : 'trials'} passed, the goal asks for ${wanted}`,
        );
      if (told === trials.length) return judgement;
      return held(judgement, 'identity', 'two trials have the same number');
    },
  };
}

/** Of what is foreign nothing is told. */
const NOTHING = {
  expected: 'histories of this check in this run',
  seen: 'histories of another',
  figures: [],
  findings: [],
  findingsTotal: 0,
  evidence: [],
};

/** The same, without its verdict. */
function held(judgement: Omit<Judgement, 'verdict' | 'reason'>, id: string, text: string): Judgement {
  const rules = [...(judgement.rules ?? []), { id, verdict: 'inconclusive' as const, text }];
  return { ...judgement, verdict: 'inconclusive', reason: text, rules };
}

function atOnce(judge: Judge): Series {
  const histories: History[] = [];
  return { add: (history) => histories.push(history), judgement: () => judge(histories) };
}

/** Several trials of one check: the worst of them speaks for all. */
function overTrials(of: CheckJudge): Judge {
  return (histories) => {
    const judgements = histories.map((history) => judgeOne(history, of));
    const verdict = worst(judgements.map((judgement) => judgement.verdict));
    const found = judgements.find((judgement) => judgement.verdict === verdict);
    if (found === undefined) throw new Error('a judge needs at least one history');
    return found;
  };
}
