import type { LoadResult } from '../../../../reports/record/details/load-result.ts';
import type { ScenarioTotals } from '../executors/scenario-run.ts';
import type { NamedScenario } from '../options/scenario.ts';
import { offeredOf } from './plan.ts';

/** Totals of the scenarios over all threads. */
export class ScenarioSums {
  readonly #sums = new Map<string, ScenarioTotals>();

  add(totals: readonly ScenarioTotals[]): void {
    for (const { name, iterations, interrupted, dropped } of totals) {
      const known = this.#of(name);
      known.iterations += iterations;
      known.interrupted += interrupted;
      known.dropped += dropped;
    }
  }

  #of(name: string): ScenarioTotals {
    const known = this.#sums.get(name) ?? { name, iterations: 0, interrupted: 0, dropped: 0 };
    this.#sums.set(name, known);
    return known;
  }

  results(scenarios: readonly NamedScenario[], durationMs: number): LoadResult['scenarios'] {
    return scenarios.map((spec) => {
      const offered = offeredOf(spec)?.(durationMs) ?? null;
      const { iterations, interrupted, dropped } = this.#of(spec.name);
      return { name: spec.name, executor: spec.executor, offered, iterations, interrupted, dropped };
    });
  }
}
