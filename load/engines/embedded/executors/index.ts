/** The executors of k6's scenarios, for one thread. */
import type { NamedScenario } from '../options/scenario.ts';
import { ArrivalRate } from './arrival.ts';
import { ConstantVus, PerVuIterations, RampingVus, SharedIterations } from './closed.ts';
import type { Crew, ScenarioRun } from './scenario-run.ts';

export function scenarioRun(spec: NamedScenario, crew: Crew): ScenarioRun {
  switch (spec.executor) {
    case 'constant-vus':
      return new ConstantVus(spec, crew);
    case 'ramping-vus':
      return new RampingVus(spec, crew);
    case 'per-vu-iterations':
      return new PerVuIterations(spec, crew);
    case 'shared-iterations':
      return new SharedIterations(spec, crew);
    default:
      return new ArrivalRate(spec, crew);
  }
}
