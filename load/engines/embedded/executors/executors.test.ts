import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { count, load, serve } from '../_testing/loads.ts';
import type { Ran } from '../_testing/loads.ts';
import { HEAD } from '../_testing/scripts.ts';

const IMPORTS = `${HEAD}import exec from 'k6/execution'; import { Counter, Trend } from 'k6/metrics';\n`;

/** @param code the script's code after its options */
async function scenarios(all: object, code: string, threads = 1): Promise<Ran> {
  const options = `export const options = { scenarios: ${JSON.stringify(all)} };\n`;
  const result = await load(`${IMPORTS}${options}${code}`, '', { threads });
  assert.equal(result.outcome, 'completed', result.reason);
  return result;
}

function failedChecks({ checks, logs }: Ran): void {
  assert.ok(checks.length > 0, logs.join('\n'));
  assert.deepEqual(
    checks.filter(({ fails }) => fails > 0),
    [],
    logs.join('\n'),
  );
}

describe('iterations that the time was too short for', () => {
  it('should be dropped, shared and of each VU', async () => {
    for (const [executor, iterations, dropped] of [
      ['shared-iterations', 10, 6],
      ['per-vu-iterations', 5, 6],
    ] as const) {
      const one = { executor, vus: 2, iterations, maxDuration: '1s', gracefulStop: '2s' };
      const result = await scenarios({ s: one }, `export default () => sleep(0.7);`, 2);
      const { scenarios: seen } = result;
      assert.deepEqual([seen[0]?.iterations, seen[0]?.dropped], [4, dropped], executor);
      assert.equal(count(result, 'dropped_iterations'), dropped);
    }
  });
});

describe('what scripts are told of the load', () => {
  it('should be of one instance, however many threads it has', async () => {
    const result = await scenarios(
      { s: { executor: 'shared-iterations', vus: 4, iterations: 20 } },
      `const ids = new Trend('ids'), vus = new Trend('vus_seen');
      // Handed the value once: other threads change it between two reads.
      const isOfTwenty = (progress) => progress >= 0 && progress < 1 && Math.abs(progress * 20 - Math.round(progress * 20)) < 1e-9;
      export default () => {
        const { scenario, vu, instance } = exec;
        sleep(0.05);
        check(exec, {
          'one number': () => scenario.iterationInInstance === scenario.iterationInTest,
          'one id': () => vu.idInInstance === vu.idInTest && vu.idInTest === __VU,
          'all VUs': () => instance.vusInitialized === 4 && instance.vusActive >= 1 && instance.vusActive <= 4,
          progress: () => isOfTwenty(scenario.progress),
          options: () => exec.test.options.scenarios.s.iterations === 20 && Object.isFrozen(exec.test.options.scenarios),
        });
        ids.add(scenario.iterationInTest); vus.add(vu.idInTest);
      }`,
      2,
    );
    failedChecks(result);
    const { ids, vus_seen: vus } = result.metrics;
    assert.ok(ids?.type === 'trend' && vus?.type === 'trend');
    assert.deepEqual([ids.count, ids.min, ids.avg, ids.max], [20, 0, 9.5, 19]);
    assert.deepEqual([vus.min, vus.max], [1, 4]);
  });

  it('should be VUs from 1, and the same ones for scenarios that follow each other', async () => {
    const vus = (startTime: string): object => ({
      executor: 'constant-vus',
      vus: 2,
      duration: '1s',
      gracefulStop: '0s',
      startTime,
    });
    const result = await scenarios(
      { a: vus('0s'), b: vus('1s') },
      `let seen = 0; const b = new Counter('of_b');
      export default () => {
        seen++;
        if (exec.scenario.name === 'b') {
          b.add(1);
          check(exec.vu, { 'known from a': () => seen > exec.vu.iterationInScenario + 1, counts: () => exec.vu.iterationInScenario >= 0 && exec.vu.iterationInInstance > exec.vu.iterationInScenario, id: () => __VU <= 2 });
        }
        sleep(__VU === 1 ? 0.05 : 5);
      }`,
    );
    failedChecks(result);
    assert.ok(count(result, 'of_b') > 10);
    // The VU with the long sleep is interrupted; the other one is too, unless it was between two iterations.
    for (const { interrupted } of result.scenarios) assert.ok(interrupted === 1 || interrupted === 2);
    const { vus_max: most } = result.metrics;
    assert.ok(most?.type === 'gauge' && most.max === 2);
  });

  it('should begin unplanned VUs after the planned ones', async () => {
    const result = await scenarios(
      {
        a: { executor: 'constant-arrival-rate', rate: 10, duration: '1s', preAllocatedVUs: 1, maxVUs: 3 },
        b: { executor: 'per-vu-iterations', vus: 2 },
      },
      `const ids = new Trend('ids_of_a');
      export default () => { if (exec.scenario.name === 'a') ids.add(__VU); sleep(1.5); }`,
    );
    const { ids_of_a: ids } = result.metrics;
    assert.ok(ids?.type === 'trend');
    assert.deepEqual([ids.count, ids.min, ids.max], [3, 1, 5]);
    assert.equal(result.scenarios[0]?.dropped, 7);
  });
});

describe('arrivals at a rate', () => {
  it('should lose no request to a server that closes idle connections after 5 s', async () => {
    // Each of 100 VUs in turn would rest for 5 s. The server closes such a connection while the next request is on its way.
    const answeredMs = new WeakMap<object, number>();
    await using server = await serve(({ socket }, response) => {
      if (performance.now() - (answeredMs.get(socket) ?? Infinity) > 4_800) socket.destroy();
      else response.end('ok');
      answeredMs.set(socket, performance.now());
    });
    const rate = { executor: 'constant-arrival-rate', rate: 20, duration: '7s', preAllocatedVUs: 100 };
    const options = `export const options = { scenarios: ${JSON.stringify({ s: rate })} };\n`;
    const post = `export default () => { check(http.post(__ENV.URL), { answered: ({ status }) => status === 200 }); };`;
    const { outcome, checks, scenarios: of } = await load(`${HEAD}${options}${post}`, server.url);
    assert.deepEqual([outcome, of[0]?.iterations], ['completed', 140]);
    assert.equal(checks[0]?.fails, 0, JSON.stringify(checks));
  });
});

describe('arrivals over several threads', () => {
  it('should be dropped only where no thread has a VU free', async () => {
    // The first thread's six VUs are busy after six of its ten iterations; the second thread's VUs are always free.
    const result = await scenarios(
      { s: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 12 } },
      `export default () => { if (__VU % 2 === 1) sleep(2); }`,
      2,
    );
    assert.deepEqual([result.scenarios[0]?.iterations, result.scenarios[0]?.dropped], [20, 0]);
  });

  it('should be handed over to the thread that has one', async () => {
    const result = await scenarios(
      { s: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 1, maxVUs: 1 } },
      `export default () => { check(__VU, { one: (id) => id === 1 }); };`,
      2,
    );
    failedChecks(result);
    const [seen] = result.scenarios;
    assert.equal((seen?.iterations ?? 0) + (seen?.dropped ?? 0), 20);
    assert.ok(
      (seen?.iterations ?? 0) >= 15,
      `${seen?.iterations} of 20, of which each second thread has ten`,
    );
  });
});

describe('ramps of VUs', () => {
  it('should end with the last iteration, where they come down to none', async () => {
    const begin = Date.now();
    const stages = [
      { duration: '500ms', target: 2 },
      { duration: '100ms', target: 0 },
      { duration: '20s', target: 0 },
    ];
    const ramp = {
      executor: 'ramping-vus',
      startVUs: 1,
      stages,
      gracefulRampDown: '300ms',
      gracefulStop: '20s',
    };
    const result = await scenarios({ s: ramp }, `export default () => sleep(__ITER === 0 ? 0.01 : 60);`);
    assert.ok(Date.now() - begin < 8000, `it took ${Date.now() - begin} ms`);
    assert.ok(result.durationMs < 1500, `it took ${result.durationMs} ms`);
    assert.equal(result.scenarios[0]?.interrupted, 2);
  });

  it('should leave `gracefulStop` to those that end with VUs', async () => {
    const stages = [{ duration: '300ms', target: 2 }];
    const ramp = { executor: 'ramping-vus', startVUs: 2, stages, gracefulRampDown: '0s', gracefulStop: '5s' };
    const result = await scenarios({ s: ramp }, `export default () => sleep(0.8);`);
    assert.deepEqual([result.scenarios[0]?.iterations, result.scenarios[0]?.interrupted], [2, 0]);
  });
});
