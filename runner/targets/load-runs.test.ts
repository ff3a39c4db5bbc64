import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import { isUnfit, liveLine, patienceOf, whyNotSpread } from './load-runs.ts';

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
