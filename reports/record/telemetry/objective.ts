import { z } from 'zod';

/**
 * A service level objective of an environment, as judges read it.
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
  /**
   * Where its queries are stated: `template NAME` or `environment file`.
   */
  stated: z.string(),
  /** The template, where it follows documentation and no real product has answered its queries yet. */
  notMet: z.string().optional(),
  /** Bad events that the metrics of its template do not have. */
  unseen: z.string().optional(),
  /** true: its events are counted by others than the pods of the service, such as a gateway. */
  countedElsewhere: z.boolean().optional(),
});
export type Objective = z.infer<typeof objectiveSchema>;

/** One series of a metrics source. A null value is no number there (no traffic, stale). Times are wall clock ms. */
export interface Series {
  labels: Record<string, string>;
  points: [timeMs: number, value: number | null][];
}

/** How many times over a budget is spent of which the share `remaining`, below 0, is left; rounded down: `2.5`, `998`. */
export function timesSpent(remaining: number): number {
  const times = 1 - remaining;
  const parts = times < 10 ? 100 : 1;
  // What computing leaves of an exact figure must not cost its last digit.
  return Math.floor(times * parts + 1e-6) / parts;
}
