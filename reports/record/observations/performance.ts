import { z } from 'zod';
import { seriesSchema } from '../objective.ts';
import { kinds } from './kinds.ts';

/** What checks of error budgets record. */
export const PERFORMANCE = kinds({
  /** The answer of a source of metrics to a query, or to a part of its window. Times are wall clock ms. */
  series: {
    /** Objectives that the query belongs to. */
    objectives: z.array(z.string()),
    query: z.string(),
    /** Step between the points that were kept. */
    stepSeconds: z.number(),
    scrapeSeconds: z.number(),
    fromMs: z.number(),
    toMs: z.number(),
    /** End of the whole window if it is in the future; otherwise `toMs`. */
    endMs: z.number(),
    values: z.array(seriesSchema),
  },
});
