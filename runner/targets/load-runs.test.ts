import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import { liveLine } from './load-runs.ts';

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
