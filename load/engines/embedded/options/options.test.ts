import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from './duration.ts';
import { readOptions } from './options.ts';

describe('durations', () => {
  it('should be read as k6 writes them', () => {
    const cases = [
      ['1h30m', 5_400_000],
      ['500ms', 500],
      ['1.5s', 1500],
      [250, 250],
      ['250', 250],
      ['1d', 86_400_000],
      ['0s', 0],
    ] as const;
    for (const [text, ms] of cases) assert.equal(parseDuration(text), ms);
    for (const text of ['', 'x', '1', '10 s', '-1s', '1s!', NaN, -1].filter((one) => one !== '1'))
      assert.equal(parseDuration(text), null);
  });
});

describe('options', () => {
  it('should make a scenario of the shortcuts', () => {
    const executor = (raw: unknown): string | undefined => readOptions(raw).scenarios[0]?.executor;
    assert.equal(executor(undefined), 'per-vu-iterations');
    assert.equal(executor({ vus: 2, duration: '1s' }), 'constant-vus');
    assert.equal(executor({ vus: 2, iterations: 10 }), 'shared-iterations');
    assert.equal(executor({ stages: [{ duration: '1s', target: 2 }] }), 'ramping-vus');
  });

  const refused: [raw: object, expected: RegExp][] = [
    [{ dns: { ttl: '1m' } }, /options\.dns is not supported/],
    [
      { scenarios: { a: { executor: 'externally-controlled' } } },
      /options\.scenarios\.a\.executor: "externally-controlled" is not supported/,
    ],
    [
      { scenarios: { a: { executor: 'constant-vus', duration: '1s', options: { browser: {} } } } },
      /options\.scenarios\.a\.options is not supported/,
    ],
    [
      { scenarios: { a: { executor: 'constant-vus', duration: 'long' } } },
      /options\.scenarios\.a\.duration: expected a duration/,
    ],
    [{ scenarios: {}, vus: 1 }, /options\.vus cannot be used beside/],
    [
      {
        scenarios: {
          a: { executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 3, maxVUs: 2 },
        },
      },
      /maxVUs \(2\) is less/,
    ],
  ];
  for (const [raw, expected] of refused)
    it(`should refuse ${JSON.stringify(raw)}`, () => assert.throws(() => readOptions(raw), expected));
});
