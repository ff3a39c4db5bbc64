import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What checks of error budgets record. */
export const PERFORMANCE = kinds({
  /** The window of an objective, by the clock of the source of metrics. Times are wall clock ms. */
  'budget-window': {
    objective: z.string(),
    fromMs: z.number(),
    /** When its queries are evaluated. */
    toMs: z.number(),
    scrapeSeconds: z.number(),
  },
  /** The answer to one instant query: a number without labels. */
  'metric-answer': {
    query: z.string(),
    /** Moment of its evaluation, wall clock ms. */
    atMs: z.number(),
    /** null: the source found nothing, or the answer is not a number. */
    value: z.number().nullable(),
    /** Why the source refused the query, or warned of its answer. */
    refused: z.string().optional(),
  },
});
