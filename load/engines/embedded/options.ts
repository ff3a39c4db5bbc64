/** The options of a script: the part of k6's that this engine has, with k6's defaults; durations in ms. */
import { z } from 'zod';
import { isRecord } from '../../../reports/record/is-record.ts';
import { parseDuration } from './duration.ts';
import type { Script } from './script.ts';

/** k6's documentation, "Options" and the pages of the executors. */
const GRACEFUL_MS = 30_000;
const MAX_DURATION_MS = 600_000;
const HOOK_TIMEOUT_MS = 60_000;
/** k6's minimum for a whole scenario; the stages of a ramp may be shorter. */
const SHORTEST_SCENARIO_MS = 1000;

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== null) return ms;
  context.addIssue({
    code: 'custom',
    message: `expected a duration such as "30s" or "1m30s", seen ${JSON.stringify(value)}`,
  });
  return z.NEVER;
});
const long = duration.refine((ms) => ms >= SHORTEST_SCENARIO_MS, { message: 'expected at least 1s' });
const count = z.int().min(0);
const positive = z.int().min(1);
/** Says how k6 reports; nothing here depends on it. */
const reporting = z.unknown().optional();

const common = {
  startTime: duration.default(0),
  gracefulStop: duration.default(GRACEFUL_MS),
  exec: z.string().default('default'),
  tags: reporting,
};
const arriving = {
  ...common,
  preAllocatedVUs: positive,
  maxVUs: positive.optional(),
  timeUnit: duration.default(1000).refine((ms) => ms > 0, { message: 'expected more than 0' }),
};
const scenario = z.discriminatedUnion('executor', [
  z.strictObject({
    executor: z.literal('constant-arrival-rate'),
    ...arriving,
    rate: positive,
    duration: long,
  }),
  z.strictObject({
    executor: z.literal('ramping-arrival-rate'),
    ...arriving,
    startRate: count.default(0),
    stages: z.array(z.strictObject({ duration, target: count })).min(1),
  }),
  z.strictObject({
    executor: z.literal('shared-iterations'),
    ...common,
    vus: positive.default(1),
    iterations: positive.default(1),
    maxDuration: long.default(MAX_DURATION_MS),
  }),
]);
export type Scenario = z.infer<typeof scenario>;
export type Arriving = Extract<Scenario, { preAllocatedVUs: number }>;
const EXECUTORS = scenario.options.map((one) => one.shape.executor.value);

const schema = z.strictObject({
  scenarios: z.record(z.string(), z.unknown()),
  setupTimeout: duration.default(HOOK_TIMEOUT_MS),
  teardownTimeout: duration.default(HOOK_TIMEOUT_MS),
  insecureSkipTLSVerify: z.boolean().default(false),
  noConnectionReuse: z.boolean().default(false),
  hosts: z.record(z.string(), z.string()).default({}),
  // Goals are judged from the record, whichever engine ran.
  thresholds: reporting,
  tags: reporting,
  systemTags: reporting,
  summaryTrendStats: reporting,
});
export interface Options extends Omit<z.infer<typeof schema>, 'scenarios'> {
  scenarios: Scenario[];
}

/**
 * Reads and checks the options that a script exports.
 * @throws Error naming the option, what was expected and what was seen
 */
export function readOptions(script: Script): Options {
  const { scenarios, ...shared } = checked(schema, script['options'] ?? {}, 'options');
  const all = Object.entries(scenarios).map(([name, one]) =>
    scenarioOf(script, `options.scenarios.${name}`, one),
  );
  if (all.length === 0) throw new Error('options.scenarios: expected a scenario');
  return { ...shared, scenarios: all };
}

function scenarioOf(script: Script, at: string, one: unknown): Scenario {
  const executor = isRecord(one) ? one['executor'] : undefined;
  if (!EXECUTORS.some((known) => known === executor))
    throw new Error(
      `${at}.executor: ${JSON.stringify(executor)} is not supported by the embedded engine (it has ${EXECUTORS.join(', ')})`,
    );
  const read = checked(scenario, one, at);
  if (typeof script[read.exec] !== 'function')
    throw new Error(`${at}: the script exports no function '${read.exec}'`);
  return read;
}

function checked<Schema extends z.ZodType>(schemaOf: Schema, value: unknown, at: string): z.infer<Schema> {
  const result = schemaOf.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [at, ...(issue?.path ?? [])].map(String).join('.');
  if (issue?.code === 'unrecognized_keys')
    throw new Error(`${where}.${issue.keys[0] ?? ''} is not supported by the embedded engine`);
  throw new Error(`${where}: ${issue?.message ?? 'malformed'}`);
}

/** From the scenario's start until it starts no more iterations, ms. */
export function durationOf(of: Scenario): number {
  if ('stages' in of) return of.stages.reduce((sum, { duration: ms }) => sum + ms, 0);
  return 'duration' in of ? of.duration : of.maxDuration;
}
