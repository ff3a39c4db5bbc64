import { tagsObject } from './tags.ts';
import type { ScenarioState, Vu } from './vu.ts';

/** Thrown by `exec.test.abort()`: ends the iteration and the whole load. */
export class TestAborted extends Error {}

/** `k6/execution` for one VU. All threads together count as one k6 instance. */
export function executionApi(vu: Vu): Record<string, object> {
  return { instance: instanceOf(vu), scenario: scenarioOf(vu), vu: vuOf(vu), test: testOf(vu) };
}

function running(vu: Vu, what: string): Vu {
  if (vu.initialising) throw new Error(`exec.${what} is not available while the script is loaded`);
  return vu;
}

function instanceOf(vu: Vu): object {
  const board = (): Vu['thread']['board'] => running(vu, 'instance').thread.board;
  return {
    get iterationsInterrupted() {
      return board().interrupted.value;
    },
    get iterationsCompleted() {
      return board().completed.value;
    },
    get vusActive() {
      return board().busy.value;
    },
    get vusInitialized() {
      return board().vus.value;
    },
    get currentTestRunDuration() {
      const { testStartMs } = running(vu, 'instance').thread;
      return testStartMs === 0 ? 0 : performance.now() - testStartMs;
    },
  };
}

function scenarioOf(vu: Vu): object {
  const scenario = (): ScenarioState => {
    if (vu.scenario === null) throw new Error('exec.scenario is available only in iterations of a scenario');
    return vu.scenario;
  };
  return {
    get name() {
      return scenario().spec.name;
    },
    get executor() {
      return scenario().spec.executor;
    },
    get startTime() {
      return Math.floor(performance.timeOrigin + scenario().startMs);
    },
    get progress() {
      return scenario().progress();
    },
    get iterationInInstance() {
      scenario();
      return vu.iterationInTest;
    },
    get iterationInTest() {
      scenario();
      return vu.iterationInTest;
    },
  };
}

function vuOf(vu: Vu): object {
  const tags = tagsObject(vu);
  const known = (): Vu => running(vu, 'vu');
  return {
    get iterationInInstance() {
      return known().iteration;
    },
    get iterationInScenario() {
      return known().iterationInScenario;
    },
    get idInInstance() {
      return known().id;
    },
    get idInTest() {
      return known().id;
    },
    tags,
    metrics: { tags },
  };
}

function testOf(vu: Vu): object {
  return {
    abort(message?: string | null): never {
      const reason =
        message === undefined || message === null
          ? 'the script called exec.test.abort()'
          : `test aborted: ${message}`;
      vu.thread.abort(reason);
      throw new TestAborted(reason);
    },
    get options() {
      return running(vu, 'test.options').thread.toldOptions;
    },
  };
}
