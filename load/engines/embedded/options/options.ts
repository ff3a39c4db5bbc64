import type { z } from 'zod';
import type { ThresholdSpec } from '../thresholds/thresholds.ts';
import type { LoadOptions, NamedScenario, RunOptions } from './scenario.ts';
import { EXECUTORS, GRACEFUL_MS, optionsSchema, scenarioSchema, shortcutsSchema } from './schema.ts';
import type { Scenario, SharedOptions, Shortcuts } from './schema.ts';

/** An option that is malformed or not supported. */
export class OptionsError extends Error {}

/**
 * Reads what a script exports as `options`.
 * @throws OptionsError naming the option, what was expected and what was seen
 */
export function readOptions(raw: unknown): LoadOptions {
  const given = isObject(raw) ? raw : {};
  const { scenarios, ...others } = given;
  const shortcutKeys = Object.keys(shortcutsSchema.shape);
  const isShortcut = ([key]: [string, unknown]): boolean => shortcutKeys.includes(key);
  const entries = Object.entries(others).filter(([, value]) => value !== undefined && value !== null);
  const shortcuts = check(shortcutsSchema, Object.fromEntries(entries.filter(isShortcut)), 'options');
  const rest = Object.fromEntries(entries.filter((entry) => !isShortcut(entry)));
  const { thresholds, ...shared } = check(optionsSchema, rest, 'options');
  return {
    scenarios:
      scenarios === undefined || scenarios === null
        ? [fromShortcuts(shortcuts)]
        : named(scenarios, shortcuts),
    thresholds: Object.entries(thresholds).flatMap(([metric, all]) =>
      all.map((one) => thresholdOf(metric, one)),
    ),
    shared,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function thresholdOf(metric: string, one: SharedOptions['thresholds'][string][number]): ThresholdSpec {
  if (typeof one === 'string') return { metric, expression: one, abortOnFail: false, delayAbortMs: 0 };
  return {
    metric,
    expression: one.threshold,
    abortOnFail: one.abortOnFail,
    delayAbortMs: one.delayAbortEval,
  };
}

function named(scenarios: unknown, shortcuts: Shortcuts): NamedScenario[] {
  const [shortcut] = Object.entries(shortcuts).map(([key]) => key);
  if (shortcut !== undefined)
    throw new OptionsError(`options.${shortcut} cannot be used beside options.scenarios (k6 refuses it too)`);
  if (!isObject(scenarios) || Object.keys(scenarios).length === 0)
    throw new OptionsError('options.scenarios: expected an object with at least one scenario');
  return Object.entries(scenarios).map(([name, one]) => {
    const executor = isObject(one) ? one['executor'] : undefined;
    if (typeof executor !== 'string' || !EXECUTORS.includes(executor))
      throw new OptionsError(
        `options.scenarios.${name}.executor: ${JSON.stringify(executor)} is not supported by the embedded engine (it has ${EXECUTORS.join(', ')})`,
      );
    const scenario = check(scenarioSchema, one, `options.scenarios.${name}`);
    checkPool(name, scenario);
    return { ...scenario, name };
  });
}

function checkPool(name: string, scenario: Scenario): void {
  if (!('preAllocatedVUs' in scenario)) return;
  const { preAllocatedVUs, maxVUs } = scenario;
  if (maxVUs !== undefined && maxVUs < preAllocatedVUs)
    throw new OptionsError(
      `options.scenarios.${name}: maxVUs (${maxVUs}) is less than preAllocatedVUs (${preAllocatedVUs})`,
    );
  if (scenario.timeUnit <= 0)
    throw new OptionsError(`options.scenarios.${name}.timeUnit must be more than 0`);
}

/** k6's rule: stages, or iterations, or a duration; without any of them one iteration. */
function fromShortcuts({ vus, duration, iterations, stages }: Shortcuts): NamedScenario {
  const common = {
    name: 'default',
    startTime: 0,
    gracefulStop: GRACEFUL_MS,
    exec: 'default',
    env: {},
    tags: {},
  };
  if (stages !== undefined && iterations !== undefined)
    throw new OptionsError(
      'options.stages and options.iterations cannot be used together (k6 refuses it too)',
    );
  if (stages !== undefined)
    return { ...common, executor: 'ramping-vus', startVUs: vus ?? 1, stages, gracefulRampDown: GRACEFUL_MS };
  if (iterations !== undefined) {
    const bound = duration === undefined ? {} : { maxDuration: duration };
    const raw = { executor: 'shared-iterations', vus: vus ?? 1, iterations, ...bound };
    return { ...check(scenarioSchema, raw, 'options'), name: 'default' };
  }
  if (duration !== undefined) return { ...common, executor: 'constant-vus', vus: vus ?? 1, duration };
  return { ...common, executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: 600_000 };
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [path, ...(issue?.path ?? [])].map(String).join('.');
  if (issue?.code === 'unrecognized_keys')
    throw new OptionsError(`${where}.${issue.keys[0] ?? ''} is not supported by the embedded engine`);
  throw new OptionsError(`${where}: ${issue?.message ?? 'malformed'}`);
}

/** What holds until the options of a script are known. */
export function defaultOptions(): RunOptions {
  return readOptions({}).shared;
}
