/** Parts of a check that are loaded on demand: its judge and its negative controls. */
import type { CheckJudge } from '../../reports/judge/definition.ts';
import type { Control } from '../harness/control.ts';
import { catalogue, rowOf } from './rows.ts';
import type { CatalogueRow, ControlInWords } from './types.ts';

/** The judge of a check, with the evidence that its pass rests on; undefined if the check is unknown or not built. */
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

/** Controls of a check; the planned one if it is not built. */
export async function controlsInWords(row: CatalogueRow): Promise<readonly ControlInWords[]> {
  if (row.wouldFail !== undefined) return [{ title: row.wouldFail, verdict: 'fail', size: 'any' }];
  return await controlsOf(row);
}
