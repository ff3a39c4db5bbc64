import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { count, load, serve } from '../_testing/loads.ts';
import { HEAD } from '../_testing/scripts.ts';

describe('the phases of a load', () => {
  it('should count rates over setup and teardown too, and judge after them', async () => {
    await using server = await serve();
    const before = Date.now();
    const result = await load(
      `${HEAD}import exec from 'k6/execution';
      export const options = { vus: 1, thresholds: { 'http_reqs': ['rate<3', 'count==3'] } };
      let loaded = 0; loaded++;
      export function setup() { loaded++; sleep(0.7); http.get(__ENV.URL); return { loaded, passed: exec.instance.currentTestRunDuration }; }
      export default (data) => {
        check(data, { 'setup has a VU of its own': () => loaded === 1 && data.loaded === 2, 'the test began before setup': () => data.passed >= 600 && exec.instance.currentTestRunDuration >= data.passed });
        http.get(__ENV.URL);
      }
      export function teardown() { if (loaded !== 1) throw new Error('teardown has the VU of setup'); sleep(0.7); http.get(__ENV.URL); }
      export function handleSummary(data) { return { stdout: loaded + ' ' + (data.state.testRunDurationMs >= 1400) + ' ' + data.metrics.http_reqs.values.count }; }`,
      server.url,
    );
    assert.equal(result.outcome, 'completed', result.reason);
    assert.deepEqual(
      result.checks.map(({ name, fails }) => [name, fails]),
      [
        ['setup has a VU of its own', 0],
        ['the test began before setup', 0],
      ],
    );
    assert.deepEqual(
      result.thresholds.map(({ ok }) => ok),
      [true, true],
    );
    const { http_reqs: requests } = result.metrics;
    assert.ok(requests?.type === 'counter' && requests.ratePerSecond < 3 / 1.4);
    assert.ok(result.durationMs < 700, `the load itself took ${result.durationMs} ms`);
    assert.ok(Date.parse(result.startedAt) - before > 700, 'it begins with its first iteration');
    assert.deepEqual(result.logs, ['info: 1 true 3']);
  });

  it('should have all planned VUs before the time begins', async () => {
    // Each VU takes 30 ms to load; if that counted, it would fill the first seconds of the load.
    const slow = `const end = Date.now() + 30; while (Date.now() < end);`;
    const result = await load(
      `${HEAD}${slow} import exec from 'k6/execution';
      export const options = { scenarios: { s: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 20 } } };
      export default () => { check(exec.instance, { all: (i) => i.vusInitialized === 20, 'on time': (i) => i.currentTestRunDuration - exec.scenario.iterationInTest * 50 < 400 }); sleep(1); };`,
      '',
    );
    assert.deepEqual([result.scenarios[0]?.iterations, result.scenarios[0]?.dropped], [20, 0]);
    assert.deepEqual(
      result.checks.map(({ fails }) => fails),
      [0, 0],
    );
  });

  it('should sum up VUs over all threads, once a second', async () => {
    const result = await load(
      `${HEAD}export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 4 } } }; export default () => sleep(2.2);`,
      '',
      { threads: 2 },
    );
    const { vus, vus_max: most } = result.metrics;
    assert.ok(vus?.type === 'gauge' && most?.type === 'gauge');
    assert.deepEqual([vus.value, vus.max, most.value, most.max], [4, 4, 4, 4]);
  });

  it('should log what promises were rejected with, and go on', async () => {
    const result = await load(
      `${HEAD}export const options = { vus: 1, iterations: 2 };
      export default async () => { Promise.reject(new Error('nobody looked')); sleep(0.01); };`,
      '',
    );
    assert.deepEqual([result.outcome, result.scenarios[0]?.iterations], ['completed', 2]);
    assert.deepEqual(result.errors, [{ error: 'nobody looked', count: 2 }]);
  });

  it('should let a threshold end setup, and tear nothing down', async () => {
    const result = await load(
      `${HEAD}export const options = { thresholds: { checks: [{ threshold: 'rate==1', abortOnFail: true }] } };
      export function setup() { check(1, { no: () => false }); sleep(20); }
      export default () => {};
      export function teardown() { console.log('torn down'); }`,
      '',
    );
    assert.equal(result.outcome, 'aborted', result.reason);
    assert.match(result.reason, /"rate==1" on checks/);
    assert.deepEqual(
      result.logs.filter((line) => line.includes('torn')),
      [],
    );
  });

  it('should tell handleSummary of what thresholds are on, with or without samples', async () => {
    const result = await load(
      `import { Trend } from 'k6/metrics'; const t = new Trend('t', true);
      export const options = { thresholds: { 't{a:b}': ['max<5'], http_req_failed: ['rate<1'], http_reqs: ['count>0'] } };
      export default () => {};
      export function handleSummary({ metrics }) { return { stdout: JSON.stringify([metrics.t.values.max, metrics['t{a:b}'].values['p(95)'], metrics['t{a:b}'].thresholds, metrics.http_req_failed.values.rate, metrics.http_reqs.thresholds]) }; }`,
      '',
    );
    assert.deepEqual(result.logs, ['info: [0,0,{"max<5":{"ok":true}},0,{"count>0":{"ok":false}}]']);
    assert.deepEqual(
      result.thresholds.map(({ ok }) => ok),
      [true, null, false],
    );
    assert.equal(count(result, 'iterations'), 1);
  });
});
