import type { CheckResult } from '../../record/run-record.ts';
import type { Verdict } from '../../record/verdict.ts';
import { CHECK_WORDS } from '../text.ts';
import { html, trusted } from './template.ts';
import type { Html } from './template.ts';

/** Glyphs differ in shape as well as colour: a disc with a tick, a square with a cross, a diamond with a question mark, a dashed ring. */
export const SYMBOLS = trusted(`<svg width="0" height="0" class="symbols" aria-hidden="true">
<symbol id="g-pass" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7.5" fill="currentColor"/><path d="M4.6 8.3l2.4 2.4 4.5-5" class="mark"/></symbol>
<symbol id="g-fail" viewBox="0 0 16 16"><rect x=".8" y=".8" width="14.4" height="14.4" rx="2.5" fill="currentColor"/><path d="M5 5l6 6M11 5l-6 6" class="mark"/></symbol>
<symbol id="g-inconclusive" viewBox="0 0 16 16"><path d="M8 .3L15.7 8 8 15.7.3 8z" fill="currentColor"/><path d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3M8 11.6v.1" class="mark"/></symbol>
<symbol id="g-not-run" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.6 2"/><path d="M5 8h6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></symbol>
</svg>`);

/** Text that is longer is closed at first, and on paper, where it says so. */
export const LONG_CHARS = 1500;

export function glyph(verdict: Verdict): Html {
  return html`<svg class="glyph v-${verdict}" aria-hidden="true"><use href="#g-${verdict}" /></svg>`;
}

/** Glyph and word together. */
export function badge(verdict: Verdict): Html {
  return html`<span class="badge v-${verdict}">${glyph(verdict)}${CHECK_WORDS[verdict]}</span>`;
}

/** The anchor of a check. Ids come from the catalogue, but a damaged record may hold anything. */
export function anchor(check: Pick<CheckResult, 'id'>): string {
  return `check-${check.id.replace(/[^A-Za-z0-9-]+/g, '.')}`;
}

export interface Column {
  title: string;
  /** Right-aligned tabular figures. */
  numeric?: boolean;
}

/** A table with a caption for screen readers; wide ones scroll by themselves and can be reached by keyboard. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly (Html | string)[])[],
): Html {
  const kind = (index: number): string => (columns[index]?.numeric ? 'n' : '');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption class="sr">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column, index) => html`<th scope="col" class="${kind(index)}">${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td class="${kind(index)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
