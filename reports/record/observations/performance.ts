import { z } from 'zod';
import { seriesSchema } from '../objective.ts';
import { kinds } from './kinds.ts';

/** What checks of error budgets record. */
export const PERFORMANCE = kinds({
  /** What a source of metrics has of one selector in the queries of objectives, within their window. It is asked before the series are. */
  'metric-there': {
    /** Objectives in whose queries it stands. */
    objectives: z.array(z.string()),
    /** As it stands in the query. */
    selector: z.string(),
    /** Whether its metric has any series, whatever else it asks for. */
    there: z.boolean(),
    /** Those of the labels that it names that the metric has; where one is missing, all of the metric. */
    labels: z.array(z.string()),
    /** Whether there is a series that it selects. */
    selected: z.boolean(),
    /** The first values of labels: of those that it names, among the series that fit otherwise, and of those that may be meant instead. */
    values: z.array(z.object({ label: z.string(), values: z.array(z.string()) })),
    /** What the targets say of its family; empty: nothing. */
    families: z.array(z.object({ family: z.string(), type: z.string(), unit: z.string() })),
    /** Metrics of a name like it, where it has no series. */
    alike: z.array(z.string()),
    /** Where it selects a boundary (`le`): `instance` of the selected targets that have that boundary, for whatever series. */
    boundaryOn: z.array(z.string()).optional(),
  },
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
