import { regularDuration } from '../options/scenario.ts';
import type { ScenarioState, Vu } from './vu.ts';

/** What `exec.test.abort()` throws: the iteration ends, and the load with it. */
export class TestAborted extends Error {}

/** `k6/execution` for one VU. `instance` is the thread, as it would be one of k6's instances. */
export function executionApi(vu: Vu): Record<string, object> {
  const { counts } = vu.thread;
  const scenario = (): ScenarioState => {
    if (vu.scenario === null) throw new Error('exec.scenario is known in iterations of a scenario only');
    return vu.scenario;
  };
  return {
    instance: {
      get iterationsInterrupted() {
        return counts.interrupted;
      },
      get iterationsCompleted() {
        return counts.completed;
      },
      get vusActive() {
        return counts.busy;
      },
      get vusInitialized() {
        return counts.vus;
      },
      get currentTestRunDuration() {
        return vu.thread.startMs === 0 ? 0 : performance.now() - vu.thread.startMs;
      },
    },
    scenario: {
      get name() {
        return scenario().spec.name;
      },
      get executor() {
        return scenario().spec.executor;
      },
      get startTime() {
        return performance.timeOrigin + scenario().startMs;
      },
      get progress() {
        const { startMs, spec } = scenario();
        return Math.min(1, Math.max(0, (performance.now() - startMs) / regularDuration(spec)));
      },
      get iterationInInstance() {
        return vu.iterationOfThread;
      },
      get iterationInTest() {
        return scenario().inTest(vu.iterationOfThread);
      },
    },
    vu: {
      get iterationInInstance() {
        return vu.iteration;
      },
      get iterationInScenario() {
        return vu.iterationInScenario;
      },
      get idInInstance() {
        return vu.idInInstance;
      },
      get idInTest() {
        return vu.id;
      },
      get tags() {
        return vu.tags;
      },
      metrics: {
        get tags() {
          return vu.tags;
        },
      },
    },
    test: {
      abort(message?: string): never {
        const reason =
          message === undefined ? 'the script called exec.test.abort()' : `test aborted: ${message}`;
        vu.thread.abort(reason);
        throw new TestAborted(reason);
      },
      get options() {
        return vu.thread.rawOptions;
      },
    },
  };
}
