import { endOfScenario, plannedVus } from '../options/scenario.ts';
import type { NamedScenario } from '../options/scenario.ts';

/**
 * Which VUs work for which scenario, by id from 1: those that are free take the next scenario, so that scripts which take their data by
 * `__VU` find as many VUs as scenarios need at a time, as in k6. More are made only where none is free.
 * @returns by scenario, in the order of `scenarios`
 */
export function planVus(scenarios: readonly NamedScenario[]): number[][] {
  const planned: number[][] = scenarios.map(() => []);
  /** Until when each is taken, ms; the first is VU 1. */
  const takenUntil: number[] = [];
  for (const [index, scenario] of [...scenarios.entries()].sort(byStart)) {
    const ids = freeAt(takenUntil, scenario.startTime, plannedVus(scenario));
    for (const id of ids) takenUntil[id - 1] = endOfScenario(scenario);
    planned[index] = ids;
  }
  return planned;
}

/** k6 gives VUs out in the order of start times, then names. */
function byStart([, a]: [number, NamedScenario], [, b]: [number, NamedScenario]): number {
  return a.startTime - b.startTime || (a.name < b.name ? -1 : 1);
}

function freeAt(takenUntil: readonly number[], ms: number, count: number): number[] {
  const free = takenUntil.flatMap((until, index) => (until <= ms ? [index + 1] : [])).slice(0, count);
  const more = Array.from({ length: count - free.length }, (_, made) => takenUntil.length + made + 1);
  return [...free, ...more];
}
