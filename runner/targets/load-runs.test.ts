import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { LoadSecond } from '../../load/engines/engine.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { behind } from './_testing/behind-gateway.ts';
import { gateway } from './_testing/gateway.ts';
import { liveLine, LoadRuns, patienceOf } from './load-runs.ts';

const second: LoadSecond = {
  atMs: 0,
  offered: 50,
  started: 48,
  dropped: 2,
  requests: 100,
  good: 99,
  bad: 1,
  latency: [
    [12_000, 94],
    [80_000, 6],
  ],
};

test('should say in one line what a second of load was like', () => {
  assert.equal(
    liveLine(second, { replicas: 3, readyReplicas: 2 }),
    'offered 50/s, started 48/s, dropped 2, 100 answers, 1 not as promised, p95 80.0 ms, 2 of 3 pods ready',
  );
});

test('should leave out what is not known', () => {
  assert.equal(
    liveLine({ ...second, offered: null, dropped: 0, requests: 0, bad: 0, latency: [] }),
    'started 48/s, 0 answers, 0 not as promised, p95 –',
  );
});

test('should have users and patience for answers that the latency goal allows, in every check of that service', async () => {
  const local = await loadEnvironment('local');
  const slow = { 'performance/ai/latency': { status: 'assumed', values: { p95Ms: 15_000 } } } as const;
  const environment = { ...local, goals: { ...local.goals, ...slow } };
  const of = (check: string, scenario: string, RATE = 2) =>
    patienceOf(environment, { check, scenario, variables: { RATE } });
  const usual = { MAX_VUS: 10, TIMEOUT: '10000ms' };
  assert.deepEqual(of('performance/api/availability', 'steady'), usual);
  assert.deepEqual(of('scaling/ai/up', 'jobs'), usual);
  for (const check of ['performance/ai/latency', 'performance/ai/availability'])
    assert.deepEqual(of(check, 'draft'), { MAX_VUS: 30, TIMEOUT: '30000ms' });
  assert.equal(of('performance/ai/throughput', 'draft', 9_000).MAX_VUS, 10_000);
});

test('should give each load titles that no other load has, of the same check neither', async () => {
  const before = await gateway();
  const { runner, close } = behind(before);
  try {
    const { look } = runner.runState.environment.application?.requests ?? assert.fail();
    look.path = '/orders?size=1&name={title}';
    const loads = new LoadRuns(runner);
    const check = 'performance/api/availability';
    const signal = AbortSignal.timeout(60_000);
    for (const trial of [1, 1]) {
      const variables = { RATE: 5, DURATION: '1s', MAX_VUS: 5 };
      await loads.start({ check, trial, scenario: 'steady', variables }, signal);
      assert.equal(await loads.ended(check, 30_000, signal), true);
      await loads.stop(check);
    }
    const titles = before.asked.map((path) => new URLSearchParams(path.split('?')[1]).get('name') ?? '');
    // Rails keeps only word characters and hyphens of X-Request-Id; columns for ids have 36 characters at the least, those for titles 50.
    const found = titles.map(
      (title) => /^Plumbline canary ([a-z0-9]{1,25})-(\d+)$/.exec(title) ?? assert.fail(title),
    );
    const byLoad = Map.groupBy(found, ([, load]) => load);
    assert.equal(byLoad.size, 2);
    // The look before the load has the number of the first iteration.
    for (const of of byLoad.values())
      assert.deepEqual(of.map(([, , n]) => n).sort(), ['0', '0', '1', '2', '3', '4']);
  } finally {
    close();
    await before.close();
  }
});

test('should send a scenario of the environment, and record its name', async () => {
  const before = await gateway();
  const { runner, seen, close } = behind(before);
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-own-'));
  try {
    const script = `import http from 'k6/http'; import { check } from 'k6';
      export const options = { scenarios: { s: { executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), duration: __ENV.DURATION, preAllocatedVUs: 5 } } };
      export default async () => { const r = await http.asyncRequest('GET', __ENV.BASE_URL + '/own'); check(r, { answered: ({ status }) => status > 0 }); };`;
    writeFileSync(join(folder, 'mine.ts'), script);
    const { environment } = runner.runState;
    Object.assign(environment, { file: join(folder, 'e.yaml') });
    Object.assign(environment.load, { scenarios: { search: 'mine.ts' } });
    const loads = new LoadRuns(runner);
    const check = 'performance/api/availability';
    const signal = AbortSignal.timeout(60_000);
    await loads.start(
      { check, trial: 1, scenario: 'search', variables: { RATE: 5, DURATION: '1s' } },
      signal,
    );
    assert.equal(await loads.ended(check, 30_000, signal), true);
    await loads.stop(check);
    const [, end = assert.fail('no load')] = seen('load.ndjson').find(([kind]) => kind === 'load') ?? [];
    assert.deepEqual([end['scenario'], end['outcome'], end['requests']], ['search', 'completed', 5]);
    assert.ok(before.asked.some((path) => path.endsWith('/own')));
  } finally {
    rmSync(folder, { recursive: true });
    close();
    await before.close();
  }
});

test('should end a load that cannot be recorded, and say why', async () => {
  const before = await gateway();
  const { runner, close } = behind(before);
  try {
    const pids: number[] = [];
    const children = {
      add: ({ pid }: { pid: number }) => {
        pids.push(pid);
        throw new Error('ENOSPC: no space left on device');
      },
      remove: () => undefined,
    };
    Object.assign(runner.parts.safety, { children });
    const variables = { RATE: 5, DURATION: '60s', MAX_VUS: 5 };
    const order = { check: 'performance/api/availability', trial: 1, scenario: 'steady', variables };
    await assert.rejects(new LoadRuns(runner).start(order, AbortSignal.timeout(60_000)), /ENOSPC/);
    const [pid = 0] = pids;
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
  } finally {
    close();
    await before.close();
  }
});

test('should begin no load whose permit has ended since the run began, and send nothing', async () => {
  const before = await gateway();
  const { runner, close } = behind(before);
  try {
    const permits = [{ checks: ['performance/**'], faults: [], until: '2020-01-01T00:00:00Z' }];
    Object.assign(runner.runState.environment, { permits });
    const variables = { RATE: 5, DURATION: '1s', MAX_VUS: 5 };
    const order = { check: 'performance/api/availability', trial: 1, scenario: 'steady', variables };
    await assert.rejects(new LoadRuns(runner).start(order, AbortSignal.timeout(60_000)), (error) => {
      assert.ok(error instanceof RequestError);
      assert.equal(error.reason, 'unavailable');
      assert.match(error.message, /its permit ended 2020/);
      return true;
    });
    assert.deepEqual(before.asked, []);
  } finally {
    close();
    await before.close();
  }
});
