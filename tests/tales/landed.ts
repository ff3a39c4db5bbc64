/** When the fault of a history landed, ms. */
import { first } from '../../reports/judge/observed.ts';
import type { History } from '../../reports/record/history/history.ts';

export const landedMs = (history: History): number => first(history, 'fault-landed')?.t ?? Infinity;
