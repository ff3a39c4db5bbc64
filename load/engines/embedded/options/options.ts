import { isRecord } from '../../../../reports/record/is-record.ts';
import type { ThresholdSpec } from '../thresholds/thresholds.ts';
import { check, OptionsError } from './check.ts';
import type { LoadOptions, NamedScenario, RunOptions } from './scenario.ts';
import { EXECUTORS, optionsSchema, scenarioSchema, shortcutsSchema } from './schema.ts';
import type { SharedOptions, Shortcuts } from './schema.ts';
import { checkSense, fromShortcuts, oneIteration } from './shortcuts.ts';

export { OptionsError } from './check.ts';

/**
 * Reads and checks the `options` that a script exports.
 * @throws OptionsError naming the option, what was expected and what was seen
 */
export function readOptions(raw: unknown): LoadOptions {
  const { scenarios, ...others } = isRecord(raw) ? raw : {};
  const shortcutKeys = Object.keys(shortcutsSchema.shape);
  const isShortcut = ([key]: [string, unknown]): boolean => shortcutKeys.includes(key);
  const entries = Object.entries(others).filter(([, value]) => value !== undefined && value !== null);
  const shortcuts = check(shortcutsSchema, Object.fromEntries(entries.filter(isShortcut)), 'options');
  const rest = Object.fromEntries(entries.filter((entry) => !isShortcut(entry)));
  const { thresholds, ...shared } = check(optionsSchema, rest, 'options');
  return {
    ...whatRuns(scenarios ?? null, shortcuts),
    thresholds: Object.entries(thresholds).flatMap(([metric, all]) =>
      all.map((one) => thresholdOf(metric, one)),
    ),
    shared,
  };
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

function whatRuns(scenarios: unknown, shortcuts: Shortcuts): Pick<LoadOptions, 'scenarios' | 'warnings'> {
  const short = fromShortcuts(shortcuts, scenarios !== null);
  if (short !== null) {
    const warning = `vus=${shortcuts.vus ?? ''} overrides scenarios, as in k6`;
    return { scenarios: [short], warnings: scenarios === null ? [] : [warning] };
  }
  if (scenarios !== null && !isRecord(scenarios))
    throw new OptionsError('options.scenarios: expected an object');
  const all = Object.entries(scenarios ?? {}).map(([name, one]) => named(name, one));
  if (all.length > 0) return { scenarios: all, warnings: [] };
  const empty = Object.entries({ scenarios, stages: shortcuts.stages ?? null }).filter(
    ([, value]) => value !== null,
  );
  return {
    scenarios: [oneIteration()],
    warnings: empty.map(([name]) => `${name} is empty: one iteration of one VU is run, as in k6`),
  };
}

function named(name: string, one: unknown): NamedScenario {
  const executor = isRecord(one) ? one['executor'] : undefined;
  if (typeof executor !== 'string' || !EXECUTORS.includes(executor))
    throw new OptionsError(
      `options.scenarios.${name}.executor: ${JSON.stringify(executor)} is not supported by the embedded engine (it has ${EXECUTORS.join(', ')})`,
    );
  const scenario = { ...check(scenarioSchema, withoutNulls(one), `options.scenarios.${name}`), name };
  checkSense(scenario);
  return scenario;
}

/** Like k6, treats null as "not given". */
function withoutNulls(one: unknown): unknown {
  if (!isRecord(one)) return one;
  return Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null && value !== undefined));
}

/** The defaults, used until the options of the script are known. */
export function defaultOptions(): RunOptions {
  return readOptions({}).shared;
}
