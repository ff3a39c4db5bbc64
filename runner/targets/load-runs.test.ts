import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { ApiServer } from '../../load/engines/k6-operator/_testing/api-server.ts';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import type { Environment } from '../../env/schema.ts';
import { TestApi } from '../safety/_testing/api.ts';
import type { KubeCalls } from '../safety/kube-call.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { ApplicationAccess } from './application-access.ts';
import { behind } from './_testing/behind-gateway.ts';
import { gateway } from './_testing/gateway.ts';
import {
  guardedObjects,
  isUnfit,
  liveLine,
  LoadRuns,
  patienceOf,
  whyLoadLeft,
  whyNotSpread,
} from './load-runs.ts';

const second: LoadSecond = {
  atMs: 0,
  offered: 50,
  started: 48,
  dropped: 2,
  iterations: 47,
  requests: 100,
  failed: 1,
  good: 99,
  bad: 1,
  vus: 5,
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

test('should spread no load over pods that shows credentials, or whose check needs what pods do not give', () => {
  const nobody = { plan: null };
  const key = { plan: null, client: { certificate: 'PEM', key: 'PEM' } };
  const spread = (check: string) => whyNotSpread(check, nobody);
  assert.match(
    whyNotSpread('performance/api/availability', key) ?? '',
    /credentials .* could be read in its TestRun/,
  );
  for (const check of ['scaling/backend/up', 'scaling/backend/down', 'scaling/ai/up'])
    assert.match(spread(check) ?? '', /ends its load itself/);
  for (const check of ['performance/api/latency', 'performance/ai/latency'])
    assert.match(spread(check) ?? '', /judges latencies/);
  assert.equal(spread('performance/api/availability'), null);
  assert.equal(spread('performance/ai/throughput'), null);
});

test('should let another engine send a load for which the named k6 operator is unfit, and no other load', () => {
  for (const check of ['scaling/backend/up', 'scaling/ai/up', 'performance/ai/latency'])
    assert.equal(isUnfit(check, 'k6-operator'), true, check);
  assert.equal(isUnfit('performance/api/availability', 'k6-operator'), false);
  for (const named of ['auto', 'k6', 'embedded'] as const)
    assert.equal(isUnfit('performance/ai/latency', named), false, named);
});

test('should spread no load outside embedded environments that nothing would undo if this machine were gone', async () => {
  const api = new TestApi();
  let open = 0;
  const connect = (): KubeCalls => {
    open++;
    return { call: api.call, close: () => open-- };
  };
  const ask = (environment: Environment): Promise<string | null> => whyLoadLeft(environment, 'load', connect);
  const staging = await loadEnvironment('staging');
  assert.match((await ask(staging)) ?? '', /ServiceAccount plumbline-system\/plumbline-undo, does not exist/);
  const account = '/api/v1/namespaces/plumbline-system/serviceaccounts/plumbline-undo';
  api.put(account, { metadata: { annotations: { 'plumbline.dev/undoes-in': 'plumbline-canary' } } });
  assert.match((await ask(staging)) ?? '', /permit it to undo in plumbline-canary .* not in load/);
  api.put(account, { metadata: { annotations: { 'plumbline.dev/undoes-in': 'load' } } });
  assert.equal(await ask(staging), null);
  const { undoImage: _, ...drills } = staging.drills;
  assert.match((await ask({ ...staging, drills })) ?? '', /: drills\.undoImage names no image$/);
  api.down = true;
  await assert.rejects(ask(staging), /ECONNREFUSED/);
  assert.equal(await ask(await loadEnvironment('local-small')), null);
  assert.equal(open, 0);
});

test('should ask whether the Job would undo a load before it is spread', async () => {
  const before = await gateway();
  const { runner, close } = behind(before);
  const { client, stop } = await ApiServer.start();
  try {
    const { environment } = runner.runState;
    const { cluster, drills } = await loadEnvironment('staging');
    Reflect.set(runner.parts.cluster, 'client', client);
    const operator = { namespace: 'load', image: 'k6:1', pods: 2, stubbed: true };
    Object.assign(environment, { cluster, drills });
    Object.assign(environment.load, { engine: 'k6-operator', operator });
    const { credentials: _, ...application } = environment.application ?? assert.fail();
    const secret = (): Promise<string> => assert.fail('it needs none');
    const access = { secret, reread: secret, keep: () => assert.fail('it has none') };
    Reflect.set(runner, 'application', new ApplicationAccess({ ...environment, application }, access));
    const order = { check: 'performance/api/availability', trial: 1, scenario: 'steady', variables: {} };
    await assert.rejects(
      new LoadRuns(runner).start(order, AbortSignal.timeout(30_000)),
      /cannot run: .*ServiceAccount plumbline-system\/plumbline-undo, does not exist/,
    );
  } finally {
    close();
    stop();
    await before.close();
  }
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

test('should record the objects of a load so that no timer ends it while it may still run', async () => {
  const applied: unknown[] = [];
  const apply = (...given: unknown[]): Promise<void> => Promise.resolve(void applied.push(given));
  const object = { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', metadata: { name: 'l' } };
  const { signal } = new AbortController();
  await guardedObjects({ apply, remove: () => Promise.resolve() }, 'c', 9_000_000).create(object, signal);
  assert.deepEqual(applied, [['c', [object], { access: 'canary', signal, dueAfterMs: 9_000_000 }]]);
});
