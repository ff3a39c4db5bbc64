import type { History, Observation } from '../../record/history.ts';
import type { FailoverRecord } from '../../record/run-record.ts';
import { round } from './phases.ts';
import { text } from './trial.ts';

type Costs = Pick<FailoverRecord, 'spentMs' | 'budget' | 'cutOff'>;

/** What a trial cost: its own time by stage, and error budget. */
export function costsOf(history: History): Costs {
  const spentMs = stagesOf(history);
  const budget = budgetOf(history);
  const cut = cutOff(history);
  return {
    ...(spentMs !== null && { spentMs }),
    ...(budget !== null && { budget }),
    ...(cut !== null && { cutOff: cut }),
  };
}

/** Each stage lasts until the next begins, the last until the end. */
function stagesOf({ observations }: History): Record<string, number> | null {
  const marks = observations.filter(({ kind }) => kind === 'stage');
  const end = observations.findLast(({ kind }) => kind === 'end');
  if (marks.length === 0) return null;
  const spent = new Map<string, number>();
  for (const [index, mark] of marks.entries()) {
    const until = marks[index + 1]?.t ?? end?.t;
    // A stage that was cut off has no length that means anything.
    if (until === undefined) continue;
    const name = text(mark['name']);
    spent.set(name, round((spent.get(name) ?? 0) + until - mark.t));
  }
  return Object.fromEntries(spent);
}

function budgetOf({ observations }: History): FailoverRecord['budget'] | null {
  const estimate = last(observations, 'budget-estimate');
  if (estimate === undefined) return null;
  const spent = last(observations, 'budget-spent');
  return {
    estimateMs: numberOf(estimate['estimateMs']) ?? 0,
    share: numberOf(estimate['share']) ?? 1,
    derivation: text(estimate['derivation']),
    enforced: estimate['enforced'] === true,
    spentMs: numberOf(spent?.['spentMs']),
    longestOutageMs: numberOf(spent?.['longestOutageMs']),
    restoredEarly: earlyRestore({ observations }),
  };
}

/** Why the fault was undone before the store had come back by itself; null: it was not. */
export function earlyRestore({ observations }: Pick<History, 'observations'>): string | null {
  const seen = last(observations, 'restored-early');
  return seen === undefined ? null : text(seen['reason']);
}

/** What ended a trial before its end; null for one that was recorded to its end. */
export function cutOff({ observations }: Pick<History, 'observations'>): string | null {
  if (observations.some(({ kind }) => kind === 'end')) return null;
  const said = last(observations, 'cut-off');
  return said === undefined ? 'its end was not recorded' : text(said['reason']);
}

function last(observations: readonly Observation[], kind: string): Observation | undefined {
  return observations.findLast((seen) => seen.kind === kind);
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
