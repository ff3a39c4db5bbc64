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
    for (const text of ['', 'x', '10 s', '-1s', '1s!', NaN, -1]) assert.equal(parseDuration(text), null);
  });
});

const read = (options: object): ReturnType<typeof readOptions> =>
  readOptions({ options, default: () => undefined });
const scenario = (fields: object): object => ({ scenarios: { a: fields } });
const rate = { executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 3 };

describe('options', () => {
  it('should have defaults of k6', () => {
    const { scenarios, setupTimeout } = read({ ...scenario(rate), thresholds: { checks: ['rate>0.9'] } });
    assert.equal(setupTimeout, 60_000);
    assert.deepEqual(scenarios, [
      { ...rate, duration: 1000, timeUnit: 1000, startTime: 0, gracefulStop: 30_000, exec: 'default' },
    ]);
  });

  const refused: [raw: object, expected: RegExp][] = [
    [{}, /options\.scenarios: /],
    [{ scenarios: {} }, /options\.scenarios: expected a scenario/],
    [{ vus: 1, scenarios: {} }, /options\.vus is not supported/],
    [
      scenario({ executor: 'constant-vus' }),
      /a\.executor: "constant-vus" is not supported by the embedded engine/,
    ],
    [scenario({ ...rate, env: {} }), /options\.scenarios\.a\.env is not supported/],
    [scenario({ ...rate, duration: 'long' }), /a\.duration: expected a duration/],
    [scenario({ ...rate, duration: '500ms' }), /a\.duration: expected at least 1s/],
    [scenario({ ...rate, exec: 'other' }), /a: the script exports no function 'other'/],
  ];
  for (const [raw, expected] of refused)
    it(`should refuse ${JSON.stringify(raw)}`, () => assert.throws(() => read(raw), expected));
});
