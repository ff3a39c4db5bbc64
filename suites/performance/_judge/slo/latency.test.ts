import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideLatency } from './latency.ts';
import type { TimesAt } from './latency.ts';
import { bucketsOf } from '../../../../reports/judge/slo/_testing/histories.ts';

const GOAL = { quantile: 0.95, ms: 500 };
const NONE = { failed: 0, unchecked: 0, dropped: 0 };
/** 200 s of 100 requests each. */
const seconds = (of: (second: number) => Partial<TimesAt> & { times?: number[] }): TimesAt[] =>
  Array.from({ length: 200 }, (_, second) => {
    const { times = Array.from({ length: 100 }, () => 40), ...rest } = of(second);
    return { atMs: second * 1000, ...NONE, latency: bucketsOf(times), ...rest };
  });
const times = (fast: number, slow: number): number[] => [
  ...Array.from({ length: fast }, () => 1),
  ...Array.from({ length: slow }, () => 9000),
];

describe('decideLatency', () => {
  it('should pass quick answers, also with some failures', () => {
    assert.equal(
      decideLatency(
        seconds(() => ({})),
        GOAL,
      ).verdict,
      'pass',
    );
    const some = decideLatency(
      seconds(() => ({ failed: 1 })),
      GOAL,
    );
    assert.deepEqual([some.verdict, some.slow], ['pass', 200]);
  });

  it('false verdict 4: failures at once are infinitely slow', () => {
    // 4.5 % take 9 s: that alone is met. 4 % fail within a ms: together 8.5 % are not answered well in time.
    const slow = seconds((second) => ({ times: times(96 - (second % 2), 4 + (second % 2)) }));
    assert.equal(decideLatency(slow, GOAL).verdict, 'pass');
    const failing = decideLatency(
      slow.map((one) => ({ ...one, failed: 4 })),
      GOAL,
    );
    assert.notEqual(failing.verdict, 'pass');
    assert.equal(failing.slow, 1700);
    const allFail = decideLatency(
      seconds(() => ({ failed: 100 })),
      GOAL,
    );
    assert.deepEqual([allFail.verdict, allFail.byRank.valueMs], ['fail', Infinity]);
  });

  it('should fail only if it is missed though the failures were the slow ones', () => {
    const slowOnes = seconds(() => ({ times: times(90, 10), failed: 3 }));
    assert.equal(decideLatency(slowOnes, GOAL).verdict, 'fail');
    const same = seconds(() => ({ times: times(96, 4), failed: 4 }));
    assert.equal(decideLatency(same, GOAL).verdict, 'inconclusive');
  });

  it('should hold what was dropped, and what nobody checked, both ways', () => {
    for (const field of ['dropped', 'unchecked'] as const) {
      const few = decideLatency(
        seconds(() => ({ [field]: 1 })),
        GOAL,
      );
      assert.deepEqual([few.verdict, few.unknown], ['pass', 200]);
      assert.equal(
        decideLatency(
          seconds(() => ({ [field]: 10 })),
          GOAL,
        ).verdict,
        'inconclusive',
      );
    }
  });
});
