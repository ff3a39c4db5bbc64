import { z } from 'zod';

/**
 * What a load did, in one form whatever engine ran it. Times that are durations are milliseconds, as k6 reports them; latency is measured
 * from the intended start of an iteration's request, so that a server that stalls is seen (no coordinated omission).
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
  /** Absent where the engine gives no distribution. Of values that are no durations: in thousandths. */
  buckets: bucketsSchema.optional(),
  /**
   * Where several machines measured and gave no distributions: the interval in which each statistic of the whole surely lies. The
   * statistic itself is then the upper end.
   */
  within: z.record(z.string(), z.tuple([z.number(), z.number()])).optional(),
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
  /** Iterations that the executors' schedule asked for in it; null: closed model, nothing is scheduled. */
  offered: z.number().nullable(),
  started: z.number(),
  dropped: z.number(),
  iterations: z.number(),
  requests: z.number(),
  failed: z.number(),
  /** Of the script's checks: those that passed in it, and those that did not. */
  good: z.number(),
  bad: z.number(),
  /** VUs that were running an iteration at its end. */
  vus: z.number(),
  /** Of requests that ended in it, from the intended start. */
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
    name: z.enum(['k6', 'k6-operator', 'embedded']),
    version: z.string(),
    /** True where it ran against a stand-in. */
    stubbed: z.boolean(),
    /** From when latency is measured; absent: from the intended start. `sent`: from when the request was sent, all that k6 tells. */
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
      /** Iterations that the schedule asked for; null: closed model. */
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
    /** The script said so (`exec.test.abort`) or a threshold with abortOnFail. */
    'aborted',
    'interrupted',
    /** The script did not load, `setup` failed, the engine or one of its threads died. */
    'failed',
  ]),
  /** One sentence for every outcome but `completed`; empty there. */
  reason: z.string(),
});
export type LoadResult = z.infer<typeof loadResultSchema>;
