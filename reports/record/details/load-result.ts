import { z } from 'zod';

/**
 * Result of a load, in one form for every engine. Durations are milliseconds, as k6 reports them. Latency is measured from the intended
 * start of a request, so that a stalled server shows (no coordinated omission).
 */
export const LOAD_RESULT_SCHEMA = 1;

/**
 * Counts by value, in buckets of at most 0.1 % width (HDR histogram, three significant digits): `[lowest value of the bucket in µs, count]`,
 * ascending, empty buckets left out.
 */
export const bucketsSchema = z.array(z.tuple([z.number(), z.number()]));
export type Buckets = z.infer<typeof bucketsSchema>;

const trendSchema = z.object({
  type: z.literal('trend'),
  /** Whether the values are durations in ms. */
  time: z.boolean(),
  count: z.number(),
  min: z.number().nullable(),
  avg: z.number().nullable(),
  med: z.number().nullable(),
  max: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  p999: z.number().nullable(),
  /** Absent if the engine gives no distribution. Values other than durations are in thousandths. */
  buckets: bucketsSchema.optional(),
});
const counterSchema = z.object({ type: z.literal('counter'), count: z.number(), ratePerSecond: z.number() });
const rateSchema = z.object({
  type: z.literal('rate'),
  passes: z.number(),
  fails: z.number(),
  ratio: z.number().nullable(),
});
const gaugeSchema = z.object({
  type: z.literal('gauge'),
  value: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
export const metricSchema = z.discriminatedUnion('type', [
  trendSchema,
  counterSchema,
  rateSchema,
  gaugeSchema,
]);
export type LoadMetric = z.infer<typeof metricSchema>;

/** One second of the load. */
export const loadSecondSchema = z.object({
  /** Start of the second, ms since the load began. */
  atMs: z.number(),
  /** Scheduled iterations of this second; null: closed model, nothing is scheduled. */
  offered: z.number().nullable(),
  started: z.number(),
  dropped: z.number(),
  iterations: z.number(),
  requests: z.number(),
  failed: z.number(),
  /** The script's checks in this second: passed and failed. */
  good: z.number(),
  bad: z.number(),
  /** VUs that were running an iteration at the end of the second. */
  vus: z.number(),
  /** Latency from the intended start, of requests that ended in this second. */
  latency: bucketsSchema,
});
export type LoadSecond = z.infer<typeof loadSecondSchema>;

export const thresholdSchema = z.object({
  /** The metric with its tags as the script names it, e.g. `http_req_duration{scenario:steady}`. */
  metric: z.string(),
  expression: z.string(),
  /** null: the metric has no sample, so nothing is known. */
  ok: z.boolean().nullable(),
});

export const loadResultSchema = z.object({
  schema: z.literal(LOAD_RESULT_SCHEMA),
  engine: z.object({
    name: z.enum(['k6', 'embedded']),
    version: z.string(),
    /** True where it ran against a stand-in. */
    stubbed: z.boolean(),
    /** Where latency is measured from; absent: the intended start. `sent`: the sending of the request, all that k6 reports. */
    latencyFrom: z.enum(['intended', 'sent']).optional(),
  }),
  script: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  durationMs: z.number(),
  scenarios: z.array(
    z.object({
      name: z.string(),
      executor: z.string(),
      /** Scheduled iterations; null: closed model. */
      offered: z.number().nullable(),
      iterations: z.number(),
      interrupted: z.number(),
      dropped: z.number(),
    }),
  ),
  requests: z.object({ count: z.number(), failed: z.number() }),
  /** By name; sub-metrics that thresholds name (`http_req_duration{name:read}`) beside their parents. */
  metrics: z.record(z.string(), metricSchema),
  /** `group` is its path as k6 writes it: empty, or `::outer::inner`. */
  checks: z.array(z.object({ name: z.string(), group: z.string(), passes: z.number(), fails: z.number() })),
  thresholds: z.array(thresholdSchema),
  seconds: z.array(loadSecondSchema),
  /** Error classes of requests and of iterations that threw, most frequent first, at most 50. */
  errors: z.array(z.object({ error: z.string(), count: z.number() })),
  /** How it ended. */
  outcome: z.enum([
    'completed',
    /** By the script (`exec.test.abort`) or a threshold with abortOnFail. */
    'aborted',
    'interrupted',
    /** The script did not load, `setup` failed, the engine or one of its threads died. */
    'failed',
  ]),
  /** One sentence for every outcome but `completed`; empty there. */
  reason: z.string(),
});
export type LoadResult = z.infer<typeof loadResultSchema>;
