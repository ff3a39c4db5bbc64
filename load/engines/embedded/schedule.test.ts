import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOptions } from './options.ts';
import { ArrivalSchedule } from './schedule.ts';

function schedule(scenario: object): ArrivalSchedule {
  const [read] = readOptions({ options: { scenarios: { s: scenario } }, default: () => undefined }).scenarios;
  assert.ok(read?.executor === 'constant-arrival-rate' || read?.executor === 'ramping-arrival-rate');
  return new ArrivalSchedule(read);
}

function times(one: ArrivalSchedule): number[] {
  const found: number[] = [];
  for (let at = one.dueMs(0); at !== null; at = one.dueMs(found.length)) found.push(at);
  return found;
}

describe('a schedule of arrivals', () => {
  it('should begin at once and have rate × duration iterations', () => {
    const one = schedule({
      executor: 'constant-arrival-rate',
      rate: 30,
      timeUnit: '1m',
      duration: '10s',
      preAllocatedVUs: 1,
    });
    assert.deepEqual(times(one), [0, 2000, 4000, 6000, 8000]);
  });

  it('should be due where the rate of its ramp has added up', () => {
    const stages = [
      { duration: '2s', target: 4 },
      { duration: '1s', target: 4 },
      { duration: '2s', target: 0 },
    ];
    const one = schedule({ executor: 'ramping-arrival-rate', stages, preAllocatedVUs: 1 });
    const due = times(one);
    // While the rate rises, n = t² with t in seconds.
    assert.deepEqual(due.slice(0, 4).map(Math.round), [1000, 1414, 1732, 2000]);
    assert.deepEqual(due.slice(4, 8).map(Math.round), [2250, 2500, 2750, 3000]);
    assert.equal(due.length, 12);
  });

  it('should have as many as its rates add up to, whatever the stages', () => {
    for (const [startRate, target, duration] of [
      [0, 7, 3300],
      [13, 2, 7100],
      [5, 5, 1900],
      [200, 0, 999],
    ] as const) {
      const one = schedule({
        executor: 'ramping-arrival-rate',
        startRate,
        stages: [{ duration, target }],
        preAllocatedVUs: 1,
      });
      const sum = ((startRate + target) / 2) * (duration / 1000);
      assert.equal(times(one).length, Math.floor(sum + 1e-9), `${startRate} to ${target} in ${duration} ms`);
    }
  });
});
