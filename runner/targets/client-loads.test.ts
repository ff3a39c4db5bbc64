import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { ClientLoads } from './client-loads.ts';

const SUBJECT = { check: 'failover/redis/hang', store: 'redis', trial: 1 };

/** As much of a runner as a client load needs that cannot find its store. */
function runnerWithout(target: Promise<never>): RunnerCore {
  const stores = { declared: () => ({ clientLoad: {} }), target: () => target };
  return { stores, parts: {}, runState: {} } as unknown as RunnerCore;
}

test('should refuse a second client load of a check while the first is still being prepared', async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const loads = new ClientLoads(runnerWithout(promise));
  const first = loads.start(SUBJECT);
  await assert.rejects(loads.start(SUBJECT), /failover\/redis\/hang has a client load already/);
  reject(new Error('no such store'));
  await assert.rejects(first, /no such store/);
});

test('should let a check try again whose client load could not be prepared', async () => {
  const loads = new ClientLoads(runnerWithout(Promise.reject(new Error('no such store'))));
  await assert.rejects(loads.start(SUBJECT), /no such store/);
  await assert.rejects(loads.start(SUBJECT), /no such store/);
});
