import { Board } from '../executors/board.ts';
import { plannedVus, vusOf } from '../options/scenario.ts';
import type { NamedScenario } from '../options/scenario.ts';

/** Makes the board of a load, with its initial values. @param vus ids of the planned VUs, by scenario */
export function boardOf(
  scenarios: readonly NamedScenario[],
  threads: number,
  vus: readonly (readonly number[])[],
): Board {
  const board = new Board(scenarios.length, threads);
  board.lastId.set(Math.max(0, ...vus.map((ids) => ids.at(-1) ?? 0)));
  scenarios.forEach((scenario, index) => {
    board.scenarios[index]?.recruits.set(vusOf(scenario) - plannedVus(scenario));
  });
  return board;
}
