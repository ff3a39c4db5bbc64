import type { Figure } from '../record/judgement.ts';
import { REFUSALS } from '../record/refusals.ts';
import type { Refused } from '../record/refusals.ts';

/** How many requests were refused before the service answered, one figure for each reason that occurred. */
export function refusedFigures(refused: Refused): Figure[] {
  return REFUSALS.filter((one) => refused[one] > 0).map((one) => ({
    name: `requests refused: ${one}`,
    value: refused[one],
  }));
}
