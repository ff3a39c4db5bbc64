import type { GoalEntry } from '../../record/load-detail.ts';
import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import { grouped } from '../text.ts';
import { anchor, badge, table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

interface Row {
  check: CheckResult;
  goal: GoalEntry;
}

/** Every goal of the run in one table, worst remaining budget first; those without a budget follow. */
export function goalsSection(record: RunRecord): Html | null {
  const rows = record.checks.flatMap((check) => (check.goals ?? []).map((goal): Row => ({ check, goal })));
  if (rows.length === 0) return null;
  const met = rows.filter(({ goal }) => goal.verdict === 'pass').length;
  const columns = [
    { title: 'Verdict' },
    { title: 'Objective' },
    { title: 'Target' },
    { title: 'Achieved', numeric: true },
    { title: 'Bounds or best and worst case', numeric: true },
    { title: 'Sample', numeric: true },
    { title: 'Coverage', numeric: true },
    { title: 'Budget left' },
    { title: 'Over' },
  ];
  return html`<section id="goals">
    <h2>Goals <small>${met} of ${rows.length} met, least budget left first</small></h2>
    <div class="panel goals">
      ${table('Goals', columns, rows.toSorted(byBudget).map(cells))}
      <p class="note">
        Of a load the bounds are one-sided at 95 %; of a window they are what its gaps leave open, if all that
        nobody saw was bad, and if it was good. A budget below zero has been overspent.
      </p>
    </div>
  </section>`;
}

function byBudget(a: Row, b: Row): number {
  const left = ({ goal }: Row): number => goal.remaining?.worst ?? Infinity;
  const rank = { fail: 0, inconclusive: 1, pass: 2, 'not-run': 3 } as const;
  const [x, y] = [left(a), left(b)];
  return (x === y ? 0 : x - y) || rank[a.goal.verdict] - rank[b.goal.verdict];
}

function cells({ check, goal }: Row): (Html | string)[] {
  return [
    badge(goal.verdict),
    html`<a href="#${anchor(check)}">${goal.objective}</a
      >${goal.note !== '' && html`<span class="g-note">${goal.note}</span>`}`,
    goal.target,
    goal.achieved === null ? 'not measured' : amount(goal.achieved, goal.unit),
    boundsText(goal),
    html`${grouped(goal.samples)} <small>${goal.sampleKind}</small>`,
    goal.coverage === null ? '–' : `${floored(goal.coverage * 100)} %`,
    budgetCell(goal),
    goal.window,
  ];
}

function boundsText({ lower, upper, unit }: GoalEntry): string {
  if (lower === null && upper === null) return 'too few samples';
  const shown = (value: number | null): string => (value === null ? '?' : String(value));
  return `${shown(lower)} – ${shown(upper)} ${unit}`;
}

const amount = (value: number, unit: string): string => `${grouped(value)} ${unit}`;

/** Never rounded up to a whole that it is not. */
const floored = (percent: number): number => Math.floor(percent * 10 + 1e-9) / 10;

/** A bar from nothing to the whole budget, and the number; an overspent one is empty and says so. */
function budgetCell({ remaining }: GoalEntry): Html | string {
  if (remaining === null) return 'none';
  const { worst, best } = remaining;
  const text =
    floored(best * 100) === floored(worst * 100)
      ? `${floored(worst * 100)} %`
      : `${floored(worst * 100)} to ${floored(best * 100)} %`;
  const width = 100;
  const part = (share: number): string => (Math.min(1, Math.max(0, share)) * width).toFixed(1);
  return html`<span class="${worst < 0 ? 'nowrap alarm' : 'nowrap'}"
      >${text}${worst < 0 && ' (overspent)'}</span
    ><svg class="g-bar" viewBox="0 0 ${width} 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="b-back" width="${width}" height="6" />
      <rect class="g-maybe" width="${part(best)}" height="6" />
      <rect class="b-used" width="${part(worst)}" height="6" />
    </svg>`;
}
