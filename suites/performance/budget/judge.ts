import type { Annotations } from '../../../reports/judge/annotations.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { burnFigures } from '../../../reports/judge/performance/burn-figures.ts';
import { leastUnknown } from '../../../reports/judge/performance/enough-targets.ts';
import { countedFrom, recordedOf, thereOf } from '../../../reports/judge/performance/recorded.ts';
import type { Counted } from '../../../reports/judge/performance/recorded.ts';
import { budgetOf } from '../../../reports/judge/slo/budget.ts';
import type { Budget } from '../../../reports/judge/slo/budget.ts';
import { burnRates } from '../../../reports/judge/slo/burn-rate.ts';
import {
  percent,
  percentAtLeast,
  percentAtMost,
  percentDeclared,
} from '../../../reports/judge/slo/percent.ts';
import type { Grid } from '../../../reports/judge/slo/series/series.ts';
import { thereGap } from '../../../reports/judge/slo/series/there.ts';
import { unavailableText } from '../../../reports/judge/unavailable.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Figure, Finding, Judgement } from '../../../reports/record/judgement.ts';
import type { GoalEntry } from '../../../reports/record/details/load-detail.ts';
import { objectiveSchema } from '../../../reports/record/objective.ts';
import type { Objective } from '../../../reports/record/objective.ts';
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
  figures: Figure[];
  /** What a pass does not show; no figure says so. */
  unshown: string[];
}

/**
 * `performance/budget`: what is left of the error budget of every objective that the environment declares, from the series that were
 * recorded of its queries. Every `{kind:'series'}` belongs to objectives by their names and to one of their queries by the text; `step` is
 * in seconds, times in wall clock ms.
 */
function judgeBudget(history: History): Judgement {
  const gaps = gapsOf(history);
  const { objectives, unreadable } = objectivesOf(history);
  const recorded = recordedOf(history);
  const asked = thereOf(history);
  const judged = objectives.map((objective) => {
    const there = asked.get(objective.name) ?? [];
    const read =
      thereGap(objective, there) ??
      countedFrom(history, objective, { recorded: recorded.get(objective.name) ?? [], there });
    return judgeOne(objective, read, leastUnknown(history, objective));
  });
  const open = [...gaps, ...unreadable];
  if (objectives.length === 0 && open.length === 0) open.push('the environment names no objectives');
  const found = worst(judged.map(({ verdict }) => verdict));
  const verdict: Verdict = found === 'fail' ? 'fail' : open.length > 0 ? 'inconclusive' : found;
  const telling = judged.filter((one) => one.verdict === verdict);
  const [worstOne] = telling;
  const findings = judged.filter((one) => one.verdict !== 'pass').map(findingOf);
  return {
    verdict,
    reason: verdict === 'inconclusive' && open.length > 0 ? open.join('; ') : reasonOf(verdict, telling),
    expected: `error budget left for ${objectives.map(({ name }) => name).join(', ') || 'every objective'}, even if everything unobserved was bad`,
    seen:
      worstOne === undefined
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

/**
 * @param read what was counted, or why the objective cannot be judged
 * @param least why it is unknown how many targets there must be; null: it is known
 */
function judgeOne(objective: Objective, read: Counted | string, least: string | null): Judged {
  const { unseen } = objective;
  const unshown = [
    ...(unseen === undefined ? [] : [`not counted: ${unseen}`]),
    ...(least === null ? [] : [least]),
  ];
  if (typeof read === 'string')
    return { objective, verdict: 'inconclusive', reason: read, budget: null, figures: [], unshown };
  const { grid } = read;
  const budget = budgetOf(objective, grid);
  return {
    objective,
    verdict: budget.verdict,
    reason: budget.reason,
    budget,
    figures: figuresOf(objective, budget, grid),
    unshown: [...unshown, ...(read.unshown === null ? [] : [read.unshown])],
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
  return window.kind === 'rolling'
    ? window.ms >= DAY_MS
      ? `${Number((window.ms / DAY_MS).toFixed(2))} d`
      : `${window.ms / SECOND_MS} s`
    : `the ${window.duration} from ${window.startTime}`;
}

/** Nothing was counted: none of nothing was bad, which is no 100 %. */
const isEmpty = ({ account }: Budget): boolean => account.total === 0;

function figuresOf(objective: Objective, budget: Budget, grid: Grid): Figure[] {
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
    { name: `${name}: events seen`, value: Math.round(budget.seenEvents) },
    ...sliceFigure(objective, budget),
    { name: `${name}: coverage of the window`, value: percent(budget.account.coverage) },
    ...(grid.resets > 0 ? [{ name: `${name}: counter resets`, value: grid.resets }] : []),
    ...burnFigures(name, burnRates(objective, grid)),
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
    ...(budget !== null && budget.observedMs !== null && { observedMs: Math.round(budget.observedMs) }),
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
function knownOf({ account, achieved, remaining }: Budget): Known {
  const { total, bad } = account.seen;
  return {
    achieved: total === 0 ? null : percentAtLeast(1 - bad / total, 4),
    lower: percentAtLeast(achieved.worst, 4),
    upper: percentAtMost(achieved.best, 4),
    samples: Math.round(total),
    coverage: account.coverage,
    remaining,
  };
}

/** An answer for every objective that the environment declares; what there is of its queries where a record says where they come from. */
function budgetEvidence({ settings }: HistoryHeader): AnyNeed[] {
  return (settings.objectives ?? []).flatMap((one) => {
    const name = typeof one === 'string' ? one : one.name;
    const series = need('series', {
      where: ({ objectives }) => objectives.includes(name),
      what: `series of ${name}`,
    });
    if (typeof one === 'string' || one.stated === undefined) return [series];
    const where = ({ objectives }: { objectives: readonly string[] }): boolean => objectives.includes(name);
    return [need('metric-there', { where, what: `what Prometheus has of the queries of ${name}` }), series];
  });
}

const BUDGET_ANNOTATIONS: Annotations = {
  'clock-offset':
    'it excuses windows that are off by as much; of a clock that is right there is nothing to excuse',
  'metric-there.values[].values[]':
    'one value of the shape that is asked for is enough; which ones there are is not declared',
  'metric-there.families':
    'the name or the boundaries say the unit as well, and not every source has metadata',
  'metric-there.boundaryOn':
    'it excuses a query that finds nothing at its boundary; where that finds something, it decides nothing',
  'metric-there.selected': 'that no series is selected is a fact of bad events, and of all others judged',
  'series.values[].labels.*':
    'no declaration says which pods, routes and statuses there are; that each is of a scraped target and counted alike in every answer is judged',
};

export const judge: CheckJudge = {
  judge: judgeBudget,
  evidence: budgetEvidence,
  annotations: BUDGET_ANNOTATIONS,
};
