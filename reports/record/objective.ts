import { z } from 'zod';

/**
 * A service level objective as judges read it: an OpenSLO document (env/objectives) with the environment's own values filled in.
 * Ratios are between 0 and 1, times are ms.
 */
export const objectiveSchema = z.object({
  /** `api-availability` */
  name: z.string(),
  title: z.string(),
  service: z.string(),
  /** Occurrences: the budget is spent by events; Timeslices: by slices of time that are bad as a whole. */
  method: z.enum(['Occurrences', 'Timeslices']),
  /** Share of events or slices that must be good. */
  target: z.number(),
  window: z.discriminatedUnion('kind', [
    /** The window is the whole run: an environment that lives no longer has no other. */
    z.object({ kind: z.literal('run') }),
    z.object({ kind: z.literal('rolling'), ms: z.number() }),
    z.object({
      kind: z.literal('calendar'),
      /** `1d`, `1w`, `1M`, `1Q`, `1Y` */
      duration: z.string(),
      /** Start of any one period, `2026-01-01 00:00:00` in `timeZone`. */
      startTime: z.string(),
      timeZone: z.string(),
    }),
  ]),
  /** Share of a slice's events that must be good, and its length; null for Occurrences. */
  slice: z.object({ target: z.number(), ms: z.number() }).nullable(),
  indicator: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('ratio'),
      /** true: the queries give counters that only grow; false: numbers of events for each point of time. */
      counter: z.boolean(),
      /** PromQL; one of `good` and `bad`. */
      good: z.string().nullable(),
      bad: z.string().nullable(),
      total: z.string(),
    }),
    z.object({
      kind: z.literal('threshold'),
      query: z.string(),
      op: z.enum(['lte', 'gte', 'lt', 'gt']),
      /** In the unit of the query. */
      value: z.number(),
    }),
  ]),
  status: z.enum(['assumed', 'confirmed']),
});
export type Objective = z.infer<typeof objectiveSchema>;

/** One series of a metrics source. A null value is no number there (no traffic, stale). Times are wall clock ms. */
export const seriesSchema = z.object({
  labels: z.record(z.string(), z.string()),
  points: z.array(z.tuple([z.number(), z.number().nullable()])),
});
export type Series = z.infer<typeof seriesSchema>;
