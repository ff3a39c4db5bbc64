import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOptions } from '../options/options.ts';
import { planVus } from './vu-plan.ts';

function plan(scenarios: Record<string, object>): number[][] {
  return planVus(readOptions({ scenarios }).scenarios);
}

describe('the plan of VUs', () => {
  const vus = { executor: 'constant-vus', vus: 2, duration: '10s', gracefulStop: '5s' };

  it('should count on from scenario to scenario where they overlap, planned ones only', () => {
    const arrivals = {
      executor: 'constant-arrival-rate',
      rate: 1,
      duration: '10s',
      preAllocatedVUs: 1,
      maxVUs: 50,
    };
    assert.deepEqual(plan({ b: vus, a: arrivals, c: { ...vus, startTime: '14s' } }), [[2, 3], [1], [4, 5]]);
  });

  it('should give VUs again once a scenario is over with its graceful stop', () => {
    const four = { ...vus, vus: 3, startTime: '15s' };
    assert.deepEqual(plan({ a: vus, b: four }), [
      [1, 2],
      [1, 2, 3],
    ]);
  });
});
