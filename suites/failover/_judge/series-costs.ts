import type { Figure } from '../../../reports/record/judgement.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { median } from '../../../reports/judge/statistics.ts';

/** What a series cost over all its trials: its own time by stage, and error budget spent against estimated. */
export function costFigures(trials: readonly FailoverRecord[]): Figure[] {
  return [...timeFigures(trials), ...budgetFigures(trials)];
}

/** Medians: one slow recovery must not hide where the time of the others went. */
function timeFigures(trials: readonly FailoverRecord[]): Figure[] {
  const stages = new Map<string, number[]>();
  for (const { spentMs } of trials) {
    for (const [stage, ms] of Object.entries(spentMs ?? {}))
      stages.set(stage, [...(stages.get(stage) ?? []), ms]);
  }
  if (stages.size === 0) return [];
  const parts = [...stages].map(([stage, all]) => `${stage} ${seconds(median(all) ?? 0)} s`);
  return [{ name: 'median time of a trial, by stage', value: parts.join(', ') }];
}

function budgetFigures(trials: readonly FailoverRecord[]): Figure[] {
  const budgets = trials.flatMap(({ budget }) => (budget === undefined ? [] : [budget]));
  if (budgets.length === 0) return [];
  const sum = (ms: readonly number[]): number => ms.reduce((total, one) => total + one, 0);
  const spent = budgets.flatMap(({ spentMs }) => (spentMs === null ? [] : [spentMs]));
  const estimated = seconds(sum(budgets.map(({ estimateMs }) => estimateMs)));
  const isLimit = budgets.every(({ enforced }) => enforced);
  const figures: Figure[] = [
    {
      name: `error budget spent, counted live (estimated before: ${estimated} s)`,
      value: spent.length === 0 ? null : seconds(sum(spent)),
      unit: 's',
      ...(isLimit && { goal: `≤ ${estimated}` }),
    },
  ];
  const unknown = budgets.length - spent.length;
  if (unknown > 0)
    figures.push({ name: 'trials whose error budget was not counted to the end', value: unknown });
  const early = budgets.filter(({ restoredEarly }) => restoredEarly !== null).length;
  if (early > 0) figures.push({ name: 'trials in which the fault was undone early', value: early });
  return figures;
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
