import type { ThresholdSpec } from '../thresholds/thresholds.ts';
import type { Scenario, SharedOptions } from './schema.ts';

// Threads read this file, and not the schema, whose library costs them a part of their start.

export type NamedScenario = Scenario & { name: string };
/** Options that hold for all scenarios. */
export type RunOptions = Omit<SharedOptions, 'thresholds'>;

/** The options of a script, checked and with k6's defaults; durations in ms. */
export interface LoadOptions {
  scenarios: NamedScenario[];
  thresholds: ThresholdSpec[];
  shared: RunOptions;
}

/** How long a scenario may take from the start of the load until its last iteration is cut off, ms. */
export function endOfScenario(scenario: NamedScenario): number {
  return scenario.startTime + regularDuration(scenario) + graceOf(scenario);
}

/** Until it starts no more iterations, ms. */
export function regularDuration(scenario: Scenario): number {
  if ('stages' in scenario) return scenario.stages.reduce((sum, { duration }) => sum + duration, 0);
  return 'duration' in scenario ? scenario.duration : scenario.maxDuration;
}

export function graceOf(scenario: Scenario): number {
  const rampDown = scenario.executor === 'ramping-vus' ? scenario.gracefulRampDown : 0;
  return Math.max(scenario.gracefulStop, rampDown);
}

/** The most VUs that a scenario may use. */
export function vusOf(scenario: Scenario): number {
  if ('preAllocatedVUs' in scenario) return scenario.maxVUs ?? scenario.preAllocatedVUs;
  if (scenario.executor === 'ramping-vus')
    return Math.max(scenario.startVUs, ...scenario.stages.map(({ target }) => target));
  return scenario.vus;
}
