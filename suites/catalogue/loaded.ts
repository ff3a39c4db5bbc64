/** What belongs to a check and is loaded when it is needed: its judge, and what breaks it on purpose. */
import type { CheckJudge } from '../../reports/judge/definition.ts';
import type { Control } from '../harness/control.ts';
import { catalogue, rowOf } from './rows.ts';
import type { CatalogueRow, ControlInWords } from './types.ts';

/** What a check's judge is and what its pass rests on; undefined where nothing of the name is built. */
export function judgeOf(check: string): Promise<CheckJudge | undefined> {
  return rowOf(check)?.judge?.() ?? Promise.resolve(undefined);
}

/** Every control, in the order of the checks that they break. */
export async function allControls(): Promise<readonly Control[]> {
  return (await Promise.all(catalogue().map(controlsOf))).flat();
}

/** The controls of a check. */
export async function controlsOf(row: CatalogueRow): Promise<readonly Control[]> {
  const ofFamily = (await row.controls?.()) ?? [];
  return ofFamily.filter(({ check }) => check === row.id);
}

/** What shows, or would show, that a check can fail. */
export async function controlsInWords(row: CatalogueRow): Promise<readonly ControlInWords[]> {
  return row.controls === undefined ? row.planned : await controlsOf(row);
}
