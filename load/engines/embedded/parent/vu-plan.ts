import { endOfScenario, plannedVus } from '../options/scenario.ts';
import type { NamedScenario } from '../options/scenario.ts';

/**
 * Assigns VUs to scenarios, as k6 does: a scenario gets VUs that are free at its start, and new ones only if too few are free. So `__VU`,
 * by which scripts choose their data, never exceeds the VUs needed at the same time.
 * @returns ids of VUs (from 1) by scenario, in the order of `scenarios`
 */
export function planVus(scenarios: readonly NamedScenario[]): number[][] {
  const planned: number[][] = scenarios.map(() => []);
  /** When each VU becomes free, ms; index 0 is VU 1. */
  const takenUntil: number[] = [];
  for (const [index, scenario] of [...scenarios.entries()].sort(byStart)) {
    const ids = freeAt(takenUntil, scenario.startTime, plannedVus(scenario));
    for (const id of ids) takenUntil[id - 1] = endOfScenario(scenario);
    planned[index] = ids;
  }
  return planned;
}

/** k6 assigns VUs in the order of start times, then of names. */
function byStart([, a]: [number, NamedScenario], [, b]: [number, NamedScenario]): number {
  return a.startTime - b.startTime || (a.name < b.name ? -1 : 1);
}

function freeAt(takenUntil: readonly number[], ms: number, count: number): number[] {
  const free = takenUntil.flatMap((until, index) => (until <= ms ? [index + 1] : [])).slice(0, count);
  const more = Array.from({ length: count - free.length }, (_, made) => takenUntil.length + made + 1);
  return [...free, ...more];
}
