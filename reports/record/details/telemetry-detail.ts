import { z } from 'zod';

/** What a run record keeps of followed lines and requests: enough for the report's charts, in a size that does not grow with their number. */

/** How long something took to be seen in its store. */
const delaysSchema = z.object({
  /** `log lines`, `traces` */
  name: z.string(),
  samples: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  /** Upper bounds of the bins, ascending; the last count is of delays above the last bound. */
  edgesMs: z.array(z.number()),
  counts: z.array(z.number()),
});

/** What one stage of a request's path left behind. */
const hopSchema = z.object({
  /** `edge`, or the service. */
  name: z.string(),
  what: z.enum(['request', 'span', 'log line']),
  found: z.boolean(),
  /** ms since the request was sent; null: not found, or not known. */
  atMs: z.number().nullable(),
  detail: z.string(),
});

export const telemetryDetailSchema = z.object({
  /** Wall clock of the instant that all times count from. */
  startedAt: z.string(),
  fromMs: z.number(),
  stepMs: z.number(),
  /** Share of what was sent or written in each step that arrived, percent; null: nothing was sent. All lists are aligned. */
  completeness: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
  /** Intervals to shade in the chart: faults, and stretches in which a store did not answer. */
  windows: z.array(z.object({ name: z.string(), fromMs: z.number(), toMs: z.number() })),
  delays: z.array(delaysSchema),
  /** One complete request, and some incomplete ones. */
  paths: z.array(
    z.object({ title: z.string(), correlationId: z.string(), traceId: z.string(), hops: z.array(hopSchema) }),
  ),
});

export type TelemetryDetail = z.infer<typeof telemetryDetailSchema>;
export type RequestPath = TelemetryDetail['paths'][number];
export type Delays = z.infer<typeof delaysSchema>;
