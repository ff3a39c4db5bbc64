import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** k6's defaults (its documentation, "Options" and the pages of the executors), ms. */
export const GRACEFUL_MS = 30_000;
const MAX_DURATION_MS = 600_000;
const HOOK_TIMEOUT_MS = 60_000;

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== null) return ms;
  context.addIssue({
    code: 'custom',
    message: `expected a duration such as "30s" or "1m30s", seen ${JSON.stringify(value)}`,
  });
  return z.NEVER;
});
/** k6's minimum for a whole scenario; the stages of a ramp may be shorter. */
const SHORTEST_SCENARIO_MS = 1000;
const long = duration.refine((ms) => ms >= SHORTEST_SCENARIO_MS, {
  message: 'expected at least 1s (k6 refuses less)',
});
const count = z.number().int().min(0);
const positive = z.number().int().min(1);
const strings = z.record(z.string(), z.coerce.string());
const stage = z.strictObject({ duration, target: count });
const stages = z.array(stage).min(1, 'expected at least one stage');

const common = {
  startTime: duration.default(0),
  gracefulStop: duration.default(GRACEFUL_MS),
  exec: z.string().default('default'),
  env: strings.default({}),
  tags: strings.default({}),
};
const iterating = {
  vus: positive.default(1),
  iterations: positive.default(1),
  maxDuration: long.default(MAX_DURATION_MS),
};
const pool = { preAllocatedVUs: count, maxVUs: count.optional(), timeUnit: duration.default(1000) };

export const scenarioSchema = z.discriminatedUnion('executor', [
  z.strictObject({
    executor: z.literal('constant-vus'),
    ...common,
    vus: positive.default(1),
    duration: long,
  }),
  z.strictObject({
    executor: z.literal('ramping-vus'),
    ...common,
    startVUs: count.default(1),
    stages,
    gracefulRampDown: duration.default(GRACEFUL_MS),
  }),
  z.strictObject({ executor: z.literal('per-vu-iterations'), ...common, ...iterating }),
  z.strictObject({ executor: z.literal('shared-iterations'), ...common, ...iterating }),
  z.strictObject({
    executor: z.literal('constant-arrival-rate'),
    ...common,
    ...pool,
    rate: positive,
    duration: long,
  }),
  z.strictObject({
    executor: z.literal('ramping-arrival-rate'),
    ...common,
    ...pool,
    startRate: count.default(0),
    stages,
  }),
]);
export type Scenario = z.infer<typeof scenarioSchema>;
export type Executor = Scenario['executor'];
export const EXECUTORS: readonly string[] = scenarioSchema.options.map((one) => one.shape.executor.value);

const threshold = z.union([
  z.string(),
  z.strictObject({
    threshold: z.string(),
    abortOnFail: z.boolean().default(false),
    delayAbortEval: duration.default(0),
  }),
]);

/** All options except those that define what runs (scenarios and shortcuts). */
export const optionsSchema = z.strictObject({
  thresholds: z.record(z.string(), z.array(threshold)).default({}),
  setupTimeout: duration.default(HOOK_TIMEOUT_MS),
  teardownTimeout: duration.default(HOOK_TIMEOUT_MS),
  discardResponseBodies: z.boolean().default(false),
  noConnectionReuse: z.boolean().default(false),
  noVUConnectionReuse: z.boolean().default(false),
  userAgent: z.string().default('Plumbline embedded (k6 script)'),
  insecureSkipTLSVerify: z.boolean().default(false),
  hosts: strings.default({}),
  batch: positive.default(20),
  batchPerHost: count.default(6),
  /** Null: not given; k6 then follows 10 and warns when there are more. */
  maxRedirects: count.nullable().default(null),
  summaryTrendStats: z.array(z.string()).default(['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']),
  systemTags: z.array(z.string()).nullable().default(null),
  tags: strings.default({}),
  throw: z.boolean().default(false),
  rps: z.number().min(0).default(0),
});
/** Options that are a shortcut for one scenario. */
export const shortcutsSchema = z.strictObject({
  vus: positive.optional(),
  duration: duration.optional(),
  iterations: positive.optional(),
  /** An empty list means one iteration, as in k6. */
  stages: z.array(stage).optional(),
});
export type SharedOptions = z.infer<typeof optionsSchema>;
export type Shortcuts = z.infer<typeof shortcutsSchema>;
