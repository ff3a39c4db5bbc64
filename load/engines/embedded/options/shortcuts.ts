import { check, OptionsError } from './check.ts';
import type { NamedScenario } from './scenario.ts';
import { scenarioSchema } from './schema.ts';
import type { Shortcuts } from './schema.ts';

/** Shortcuts that define what runs, in the order in which k6 considers them. */
const TAKES_OVER = ['iterations', 'duration', 'stages'] as const;

/**
 * The scenario that the shortcuts stand for, as k6 derives it: shared iterations, else a duration, else stages, else as many shared
 * iterations as `vus`. Null: no shortcut defines what runs.
 * @param beside whether the script also has `scenarios`; only `vus` alone is allowed with them, and it overrides them
 * @throws OptionsError for a combination that k6 refuses
 */
export function fromShortcuts(shortcuts: Shortcuts, beside: boolean): NamedScenario | null {
  const { vus, duration, iterations, stages } = shortcuts;
  const ramps = (stages ?? []).length > 0;
  const given = TAKES_OVER.filter((name) => (name === 'stages' ? ramps : shortcuts[name] !== undefined));
  refuseTogether(given, beside);
  if (iterations !== undefined)
    return made('shared-iterations', {
      vus,
      iterations,
      ...(duration !== undefined && { maxDuration: duration }),
    });
  if (duration !== undefined) return made('constant-vus', { vus, duration });
  if (ramps) return made('ramping-vus', { startVUs: vus, stages });
  // `vus` with `stages: []` means one iteration of one VU.
  if (vus === undefined || stages !== undefined) return null;
  return made('shared-iterations', { vus, iterations: vus });
}

/** The scenario when nothing defines what runs. */
export function oneIteration(): NamedScenario {
  return made('per-vu-iterations', {});
}

function refuseTogether(given: readonly string[], beside: boolean): void {
  const [first] = given;
  if (first === undefined) return;
  const others = [...(given.includes('stages') ? ['stages'] : []), ...(beside ? ['scenarios'] : [])];
  const other = others.find((name) => name !== first);
  if (other !== undefined)
    throw new OptionsError(
      `options.${first} cannot be used together with options.${other} (k6 refuses it too)`,
    );
}

function made(executor: string, fields: Readonly<Record<string, unknown>>): NamedScenario {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const read = check(scenarioSchema, { executor, ...Object.fromEntries(given) }, 'options');
  const scenario = { ...read, name: 'default' };
  checkSense(scenario);
  return scenario;
}

/** Checks a scenario's fields against each other, as k6 does. @throws OptionsError */
export function checkSense(scenario: NamedScenario): void {
  const problem = problemOf(scenario);
  if (problem !== null) throw new OptionsError(`options.scenarios.${scenario.name}: ${problem}`);
}

/** k6's rule for names of scenarios. */
const NAME = /^[0-9a-zA-Z_-]+$/;

function problemOf(scenario: NamedScenario): string | null {
  if (!NAME.test(scenario.name)) return 'a name may contain only letters, digits, _ and -';
  if ('preAllocatedVUs' in scenario) return problemOfPool(scenario);
  if (scenario.executor === 'shared-iterations' && scenario.iterations < scenario.vus)
    return `iterations (${scenario.iterations}) are less than vus (${scenario.vus})`;
  if (scenario.executor === 'ramping-vus' && !scenario.stages.some(({ target }) => target > 0))
    return scenario.startVUs > 0
      ? null
      : 'expected startVUs or the target of at least one stage to be more than 0';
  return null;
}

function problemOfPool(scenario: Extract<NamedScenario, { preAllocatedVUs: number }>): string | null {
  const { preAllocatedVUs, maxVUs, timeUnit } = scenario;
  if (maxVUs !== undefined && maxVUs < preAllocatedVUs)
    return `maxVUs (${maxVUs}) is less than preAllocatedVUs (${preAllocatedVUs})`;
  return timeUnit <= 0 ? 'timeUnit must be more than 0' : null;
}
