import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { answeredOf } from '../../../reports/judge/performance/budget-answers.ts';
import { burnFigures } from '../_judge/burn-figures.ts';
import { budgetOf } from '../../../reports/judge/slo/budget.ts';
import type { Budget } from '../../../reports/judge/slo/budget.ts';
import type { BurnRate } from '../../../reports/judge/slo/burn-rate.ts';
import {
  percent,
  percentAtLeast,
  percentAtMost,
  percentDeclared,
} from '../../../reports/judge/slo/percent.ts';
import { unavailableText } from '../../../reports/judge/unavailable.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Figure, Finding, Judgement } from '../../../reports/record/judgement.ts';
import type { GoalEntry } from '../../../reports/record/details/load-detail.ts';
import { objectiveSchema } from '../../../reports/record/telemetry/objective.ts';
import type { Objective } from '../../../reports/record/telemetry/objective.ts';
import { worst } from '../../../reports/record/verdict.ts';
import type { Verdict } from '../../../reports/record/verdict.ts';
import { firstOf } from '../../../reports/record/at-most.ts';

const SECOND_MS = 1000;

const DAY_MS = 86_400_000;

interface Judged {
  objective: Objective;
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  reason: string;
  budget: Budget | null;
  /** How much of the window, up to now, was observed. */
  observedMs: number;
  figures: Figure[];
  /** What a pass does not show; no figure says so. */
  unshown: string[];
}

/** `performance/budget`: what is left of the error budget of every objective that the environment declares, from what Prometheus answered. */
function judgeBudget(history: History): Judgement {
  const gaps = gapsOf(history);
  const { objectives, unreadable } = objectivesOf(history);
  const judged = objectives.map((objective) => judgeOne(history, objective));
  const open = [...gaps, ...unreadable];
  if (objectives.length === 0 && open.length === 0) open.push('the environment names no objectives');
  const found = worst(judged.map(({ verdict }) => verdict));
  const verdict: Verdict = found === 'fail' ? 'fail' : open.length > 0 ? 'inconclusive' : found;
  const telling = judged.filter((one) => one.verdict === verdict);
  const findings = judged.filter((one) => one.verdict !== 'pass').map(findingOf);
  return {
    verdict,
    reason: verdict === 'inconclusive' && open.length > 0 ? open.join('; ') : reasonOf(verdict, telling),
    expected: `error budget left for ${objectives.map(({ name }) => name).join(', ') || 'every objective'}, even if everything unobserved was bad`,
    seen:
      telling.length === 0
        ? 'nothing'
        : judged.map((one) => `${one.objective.name}: ${[one.reason, ...one.unshown].join('; ')}`).join('\n'),
    figures: judged.flatMap(({ figures }) => figures),
    findings,
    findingsTotal: findings.length,
    evidence: [],
    goals: judged.map(entryOf),
  };
}

function gapsOf(history: History): string[] {
  const gaps = all(history, 'unavailable').map(unavailableText);
  if (first(history, 'end') === undefined) gaps.push('the observation was cut off before its end');
  return gaps;
}

function objectivesOf(history: History): { objectives: Objective[]; unreadable: string[] } {
  const stated = history.header.settings.objectives;
  const parsed = objectiveSchema.array().safeParse(stated ?? []);
  return parsed.success
    ? { objectives: parsed.data, unreadable: [] }
    : { objectives: [], unreadable: ['the objectives of the history cannot be read'] };
}

function judgeOne(history: History, objective: Objective): Judged {
  const { unseen } = objective;
  const answered = answeredOf(history, objective);
  const unshown = [
    ...(unseen === undefined ? [] : [`not counted: ${unseen}`]),
    ...(typeof answered === 'string' ? [] : answered.unshown),
  ];
  if (typeof answered === 'string')
    return {
      objective,
      verdict: 'inconclusive',
      reason: answered,
      budget: null,
      observedMs: 0,
      figures: [],
      unshown,
    };
  const { whole, rates, windowMs } = answered;
  const budget = budgetOf(objective, whole);
  return {
    objective,
    verdict: budget.verdict,
    reason: budget.reason,
    budget,
    observedMs: Math.round(whole.coverage * windowMs),
    figures: figuresOf(objective, budget, rates),
    unshown,
  };
}

function reasonOf(verdict: Verdict, telling: readonly Judged[]): string {
  const [first] = telling;
  if (first === undefined) return 'there was nothing to judge';
  if (verdict === 'pass') {
    const least = telling.toSorted(
      (a, b) => (a.budget?.remaining.worst ?? 0) - (b.budget?.remaining.worst ?? 0),
    )[0];
    return `every objective has error budget left, ${least?.objective.name ?? ''} the least: ${least?.reason ?? ''}`;
  }
  return firstOf(`${first.objective.name}: ${first.reason}`, telling.length);
}

function findingOf({ objective, reason }: Judged): Finding {
  return {
    subject: objective.name,
    ok: false,
    expected: `${targetText(objective)}, budget left`,
    seen: reason,
  };
}

function targetText({ target, method, slice }: Objective): string {
  const what = method === 'Timeslices' && slice !== null ? `slices of ${slice.ms / SECOND_MS} s` : 'events';
  return `${percent(target)} of ${what}`;
}

function windowText({ window }: Objective): string {
  if (window.kind === 'run') return 'the run';
  return window.ms >= DAY_MS ? `${Number((window.ms / DAY_MS).toFixed(2))} d` : `${window.ms / SECOND_MS} s`;
}

/** Nothing was counted: none of nothing was bad, which is no 100 %. */
const isEmpty = ({ account }: Budget): boolean => account.total === 0;

function figuresOf(objective: Objective, budget: Budget, rates: readonly BurnRate[]): Figure[] {
  const { name } = objective;
  const range = (best: number, worstCase: number): number | string =>
    percent(best) === percent(worstCase)
      ? percentAtLeast(worstCase, 3)
      : `${percent(worstCase)} to ${percent(best)}`;
  return [
    ...(isEmpty(budget)
      ? []
      : [
          {
            name: `${name}: good`,
            value: range(budget.achieved.best, budget.achieved.worst),
            unit: '%',
            goal: percentDeclared(objective.target),
          },
          {
            name: `${name}: budget left`,
            value: range(budget.remaining.best, budget.remaining.worst),
            unit: '%',
            goal: '≥ 0',
          },
        ]),
    { name: `${name}: events seen`, value: Math.round(budget.account.seen.total) },
    ...sliceFigure(objective, budget),
    { name: `${name}: coverage of the window`, value: percent(budget.coverage) },
    ...burnFigures(name, rates),
  ];
}

/** Slices without traffic count as good but prove nothing. */
function sliceFigure({ name, method }: Objective, { account: { total, quiet } }: Budget): Figure[] {
  return method === 'Timeslices'
    ? [{ name: `${name}: slices with traffic`, value: `${total - quiet} of ${total}` }]
    : [];
}

function entryOf(one: Judged): GoalEntry {
  const { objective, verdict, reason, budget } = one;
  return {
    objective: objective.title,
    target: targetText(objective),
    verdict,
    ...(budget === null || isEmpty(budget) ? UNKNOWN : knownOf(budget)),
    ...(budget !== null && { observedMs: one.observedMs }),
    unit: '%',
    sampleKind: objective.method === 'Timeslices' ? 'slices' : 'events',
    window: windowText(objective),
    note: [...(verdict === 'pass' ? [] : [reason]), ...one.unshown].join('; '),
  };
}

type Known = Pick<GoalEntry, 'achieved' | 'lower' | 'upper' | 'samples' | 'coverage' | 'remaining'>;

const UNKNOWN: Known = {
  achieved: null,
  lower: null,
  upper: null,
  samples: 0,
  coverage: null,
  remaining: null,
};

/** What was observed, and bounds for what was not; each rounded to the side that claims less. */
function knownOf({ account, achieved, remaining, coverage }: Budget): Known {
  const { total, bad } = account.seen;
  return {
    achieved: total === 0 ? null : percentAtLeast(1 - bad / total, 4),
    lower: percentAtLeast(achieved.worst, 4),
    upper: percentAtMost(achieved.best, 4),
    samples: Math.round(total),
    coverage,
    remaining,
  };
}

/** The window of every objective that the environment declares, and answers. */
function budgetEvidence({ settings }: HistoryHeader): AnyNeed[] {
  const windows = (settings.objectives ?? []).map((one) => {
    const name = typeof one === 'string' ? one : one.name;
    return need('budget-window', {
      where: ({ objective }) => objective === name,
      what: `the window of ${name}`,
    });
  });
  return [...windows, need('metric-answer', { what: 'an answer of Prometheus' })];
}

export const judge: CheckJudge = {
  judge: judgeBudget,
  evidence: budgetEvidence,
};
