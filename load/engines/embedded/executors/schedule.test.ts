import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOptions } from '../options/options.ts';
import { plannedSteps } from './closed.ts';
import { ArrivalSchedule } from './schedule.ts';

function schedule(scenario: object): ArrivalSchedule {
  const [read] = readOptions({ scenarios: { s: scenario } }).scenarios;
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
    assert.deepEqual(
      [0, 1, 2000, 2001, 10_000, 20_000].map((ms) => one.countBefore(ms)),
      [0, 1, 1, 2, 5, 5],
    );
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
    assert.equal(one.countBefore(5000), 12);
  });

  it('should count as many as are due, whatever the stages', () => {
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
      assert.equal(
        times(one).length,
        one.countBefore(duration),
        `${startRate} to ${target} in ${duration} ms`,
      );
    }
  });
});

describe('the steps of ramping VUs', () => {
  it('should change when the ramp reaches a whole number', () => {
    assert.deepEqual(
      plannedSteps(1, [
        { duration: 2000, target: 3 },
        { duration: 0, target: 5 },
        { duration: 1000, target: 3 },
      ]),
      [
        [1000, 2],
        [2000, 3],
        [2000, 5],
        [2500, 4],
        [3000, 3],
      ],
    );
  });
});
