import type { GoalEntry } from '../../record/details/load-detail.ts';
import type { RunRecord } from '../../record/run-record.ts';
import {
  achievedText,
  boundsText,
  budgetText,
  coverageText,
  goalRows,
  isPartial,
  metText,
} from '../goals.ts';
import type { GoalRow } from '../goals.ts';
import { grouped } from '../text.ts';
import { anchor, badge, table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** Every goal of the run in one table, worst remaining budget first; those without a budget follow. */
export function goalsSection(record: RunRecord): Html | null {
  const rows = goalRows(record);
  if (rows.length === 0) return null;
  const columns = [
    { title: 'Verdict' },
    { title: 'Objective' },
    { title: 'Target' },
    { title: 'Achieved', numeric: true },
    { title: 'Bounds', numeric: true },
    { title: 'Sample', numeric: true },
    { title: 'Coverage', numeric: true },
    { title: 'Budget left' },
    { title: 'Window' },
  ];
  return html`<section id="goals">
    <h2>Goals <small>${metText(rows)}, least budget left first</small></h2>
    <div class="panel goals">
      ${table('Goals', columns, rows.map(cells))}
      <p class="note">
        Bounds of a load are one-sided 95 % bounds. What is achieved in a window, and its sample, count what
        was seen; its bounds cover its observation gaps: one counts everything in the gaps as bad, the other
        as good. A budget below zero in both is overspent; where only gaps decide it is not known. Of a load
        the budget counts requests that were dropped, cut off, refused or not checked both ways.
      </p>
    </div>
  </section>`;
}

function cells({ check, goal }: GoalRow): (Html | string)[] {
  return [
    badge(goal.verdict),
    html`<a href="#${anchor(check)}">${goal.objective}</a
      >${goal.note !== '' && html`<span class="g-note">${goal.note}</span>`}`,
    goal.target,
    isPartial(goal) && goal.achieved !== null
      ? html`${grouped(goal.achieved)} ${goal.unit}<span class="g-note">of what was seen</span>`
      : achievedText(goal),
    boundsText(goal),
    html`${grouped(goal.samples)} <small>${goal.sampleKind}${isPartial(goal) && ' seen'}</small>`,
    coverageText(goal),
    budgetCell(goal),
    goal.window,
  ];
}

/** A bar from nothing to the whole budget, and the number; an overspent one is empty and says so. */
function budgetCell(goal: GoalEntry): Html | string {
  const { remaining } = goal;
  if (remaining === null) return 'n/a';
  const { worst, best } = remaining;
  const width = 100;
  const part = (share: number): string => (Math.min(1, Math.max(0, share)) * width).toFixed(1);
  return html`<span class="${best < 0 ? 'alarm' : ''}"
      >${budgetText(goal)}${best < 0 && best > -1 && ' (overspent)'}</span
    ><svg class="g-bar" viewBox="0 0 ${width} 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="b-back" width="${width}" height="6" />
      <rect class="g-maybe" width="${part(best)}" height="6" />
      <rect class="b-used" width="${part(worst)}" height="6" />
    </svg>`;
}
