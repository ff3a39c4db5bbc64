import { availableParallelism } from 'node:os';
import { ArrivalSchedule } from '../executors/schedule.ts';
import { consolidated } from '../options/consolidated.ts';
import { OptionsError, readOptions } from '../options/options.ts';
import { vusOf } from '../options/scenario.ts';
import type { LoadOptions, NamedScenario } from '../options/scenario.ts';
import type { LoadRequest, Threshold } from '../../engine.ts';
import type { Loaded } from '../worker/protocol.ts';

/** One thread handles this with a fraction of a core: below it a second thread would only cost memory. */
const RATE_PER_THREAD = 2000;
const VUS_PER_THREAD = 100;

/**
 * The script's options, with thresholds replaced by those of the request if it has any.
 * @returns also `toldOptions`: the value of `exec.test.options`, as JSON
 * @throws OptionsError for options that are malformed or not supported, and for a missing function
 */
export function planOptions(
  loaded: Loaded,
  request: LoadRequest,
): { options: LoadOptions; toldOptions: string } {
  const raw: unknown = loaded.options === null ? {} : JSON.parse(loaded.options);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new OptionsError('options: expected an object');
  const thresholds: Readonly<Record<string, readonly Threshold[]>> | undefined = request.options?.thresholds;
  const given = thresholds === undefined ? raw : { ...raw, thresholds };
  const options = readOptions(given);
  for (const { name, exec } of options.scenarios)
    if (!loaded.functions.includes(exec))
      throw new OptionsError(
        `scenario ${name}: the script exports no function '${exec}' (it exports ${loaded.functions.join(', ') || 'none'})`,
      );
  return { options, toldOptions: JSON.stringify(consolidated({ ...given }, options)) };
}

/** As many threads as the load needs; at most one for each core, and so few that each has a VU of every scenario. */
export function threadsFor(scenarios: readonly NamedScenario[]): number {
  const rate = scenarios.reduce((sum, one) => sum + highestRate(one), 0);
  const vus = scenarios.reduce((sum, one) => sum + ('preAllocatedVUs' in one ? 0 : vusOf(one)), 0);
  const wanted = Math.ceil(Math.max(rate / RATE_PER_THREAD, vus / VUS_PER_THREAD));
  const fewest = Math.min(
    ...scenarios.map((one) => ('preAllocatedVUs' in one ? one.preAllocatedVUs : vusOf(one))),
  );
  return Math.max(1, Math.min(wanted, fewest, availableParallelism()));
}

function highestRate(scenario: NamedScenario): number {
  if (scenario.executor === 'constant-arrival-rate') return (scenario.rate * 1000) / scenario.timeUnit;
  if (scenario.executor !== 'ramping-arrival-rate') return 0;
  return (
    (Math.max(scenario.startRate, ...scenario.stages.map(({ target }) => target)) * 1000) / scenario.timeUnit
  );
}

/** For each scenario with an arrival rate: how many iterations are due before a time of the load, ms. */
export function offeredBy(scenarios: readonly NamedScenario[]): ((ms: number) => number)[] {
  return scenarios.flatMap((one) => {
    const offered = offeredOf(one);
    return offered === null ? [] : [offered];
  });
}

export function offeredOf(scenario: NamedScenario): ((ms: number) => number) | null {
  if (scenario.executor !== 'constant-arrival-rate' && scenario.executor !== 'ramping-arrival-rate')
    return null;
  const schedule = new ArrivalSchedule(scenario);
  return (ms) => schedule.countBefore(ms - scenario.startTime);
}
