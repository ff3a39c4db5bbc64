import type { ThresholdSpec } from '../thresholds/thresholds.ts';
import type { Scenario, SharedOptions } from './schema.ts';

// Threads import this file instead of schema.ts: loading zod would slow down their start.

export type NamedScenario = Scenario & { name: string };
/** Options that apply to all scenarios. */
export type RunOptions = Omit<SharedOptions, 'thresholds'>;

/** The options of a script, checked and with k6's defaults; durations in ms. */
export interface LoadOptions {
  scenarios: NamedScenario[];
  thresholds: ThresholdSpec[];
  shared: RunOptions;
  /** Warnings that k6 would print. */
  warnings: string[];
}

/** From the start of the load until the scenario's last iteration is cut off, ms. */
export function endOfScenario(scenario: NamedScenario): number {
  return scenario.startTime + cutOffMs(scenario);
}

/** From the scenario's start until it starts no more iterations, ms. Ramping VUs end when the ramp stays at 0. */
export function regularDuration(scenario: Scenario): number {
  return downMs(scenario) ?? scheduled(scenario);
}

/** From the scenario's start until running iterations are cut off, ms. `gracefulRampDown` applies to a last step to 0 VUs too. */
export function cutOffMs(scenario: Scenario): number {
  const last = scheduled(scenario) + scenario.gracefulStop;
  const down = downMs(scenario);
  if (down === null || scenario.executor !== 'ramping-vus') return last;
  return Math.min(down + scenario.gracefulRampDown, last);
}

function scheduled(scenario: Scenario): number {
  if ('stages' in scenario) return scenario.stages.reduce((sum, { duration }) => sum + duration, 0);
  return 'duration' in scenario ? scenario.duration : scenario.maxDuration;
}

/** When ramping VUs reach their final 0, ms from the scenario's start; null: not ramping VUs, or they do not end at 0. */
function downMs(scenario: Scenario): number | null {
  if (scenario.executor !== 'ramping-vus' || scenario.stages.at(-1)?.target !== 0) return null;
  const { stages } = scenario;
  let ms = scheduled(scenario);
  for (let at = stages.length - 1; at > 0 && stages[at - 1]?.target === 0; at--)
    ms -= stages[at]?.duration ?? 0;
  return ms;
}

/** The maximum of VUs that a scenario may use. */
export function vusOf(scenario: Scenario): number {
  if ('preAllocatedVUs' in scenario) return scenario.maxVUs ?? scenario.preAllocatedVUs;
  return plannedVus(scenario);
}

/** The VUs that are made before the load begins. */
export function plannedVus(scenario: Scenario): number {
  if ('preAllocatedVUs' in scenario) return scenario.preAllocatedVUs;
  if (scenario.executor === 'ramping-vus')
    return Math.max(scenario.startVUs, ...scenario.stages.map(({ target }) => target));
  return scenario.vus;
}
