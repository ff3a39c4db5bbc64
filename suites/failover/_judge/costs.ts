import type { History } from '../../../reports/record/history/history.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import { round } from './outages/phases.ts';

type Costs = Pick<FailoverRecord, 'spentMs' | 'budget'>;

/** What a trial cost: its own time by stage, and error budget. */
export function costsOf(history: History): Costs {
  const spentMs = stagesOf(history);
  const budget = budgetOf(history);
  return {
    ...(spentMs !== null && { spentMs }),
    ...(budget !== null && { budget }),
  };
}

/** Each stage lasts until the next begins, the last until the end. */
function stagesOf(history: History): Record<string, number> | null {
  const marks = all(history, 'stage');
  const end = last(history, 'end');
  if (marks.length === 0) return null;
  const spent = new Map<string, number>();
  for (const [index, mark] of marks.entries()) {
    const until = marks[index + 1]?.t ?? end?.t;
    // The length of a stage that was cut off means nothing.
    if (until === undefined) continue;
    spent.set(mark.name, round((spent.get(mark.name) ?? 0) + until - mark.t));
  }
  return Object.fromEntries(spent);
}

function budgetOf(history: History): FailoverRecord['budget'] | null {
  const estimate = last(history, 'budget-estimate');
  if (estimate === undefined) return null;
  const spent = last(history, 'budget-spent');
  const { estimateMs, share, derivation, enforced } = estimate;
  return {
    estimateMs,
    share,
    derivation,
    enforced,
    spentMs: spent?.spentMs ?? null,
    longestOutageMs: spent?.longestOutageMs ?? null,
    restoredEarly: earlyRestore(history),
  };
}

/** Why the fault was undone before the store had come back by itself; null: it was not. */
export function earlyRestore(history: Pick<History, 'observations'>): string | null {
  return last(history, 'restored-early')?.reason ?? null;
}
