import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consolidated, goDuration } from './consolidated.ts';
import { parseDuration } from './duration.ts';
import { readOptions } from './options.ts';
import { cutOffMs, endOfScenario, regularDuration } from './scenario.ts';
import type { NamedScenario } from './scenario.ts';

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

function only(raw: object): NamedScenario {
  const [one] = readOptions(raw).scenarios;
  assert.ok(one);
  return one;
}

describe('options', () => {
  it('should make a scenario of the shortcuts', () => {
    const executor = (raw: unknown): string | undefined => readOptions(raw).scenarios[0]?.executor;
    assert.equal(executor(undefined), 'per-vu-iterations');
    assert.equal(executor({ vus: 2, duration: '1s' }), 'constant-vus');
    assert.equal(executor({ vus: 2, iterations: 10 }), 'shared-iterations');
    assert.equal(executor({ stages: [{ duration: '1s', target: 2 }] }), 'ramping-vus');
  });

  it('should share as many iterations as VUs where there is nothing but `vus`', () => {
    const one = only({ vus: 3 });
    assert.ok(one.executor === 'shared-iterations');
    assert.deepEqual([one.vus, one.iterations], [3, 3]);
  });

  it('should be one iteration where the stages are empty, with a warning', () => {
    for (const raw of [{ stages: [] }, { vus: 4, stages: [] }, { scenarios: {} }]) {
      const { scenarios, warnings } = readOptions(raw);
      assert.ok(scenarios[0]?.executor === 'per-vu-iterations');
      assert.deepEqual([scenarios[0].vus, scenarios[0].iterations], [1, 1]);
      assert.equal(warnings.length, 1);
    }
    assert.deepEqual(readOptions({}).warnings, []);
  });

  it('should let `vus` alone override scenarios, with a warning', () => {
    const scenarios = { a: { executor: 'constant-vus', duration: '1s' } };
    const read = readOptions({ vus: 2, scenarios });
    assert.deepEqual(
      read.scenarios.map(({ name, executor }) => [name, executor]),
      [['default', 'shared-iterations']],
    );
    assert.match(read.warnings.join(), /vus=2 overrides scenarios/);
  });

  it('should end a ramp of VUs where it comes down for good', () => {
    const ramp = (stages: object[], more = {}): NamedScenario =>
      only({ scenarios: { a: { executor: 'ramping-vus', startTime: '1s', stages, ...more } } });
    const up = { duration: '10s', target: 5 };
    const down = { duration: '4s', target: 0 };
    const early = ramp([up, down, down, down], { gracefulRampDown: '2s' });
    assert.deepEqual(
      [regularDuration(early), cutOffMs(early), endOfScenario(early)],
      [14_000, 16_000, 17_000],
    );
    const bounded = ramp([up, down], { gracefulStop: '1s' });
    assert.deepEqual([regularDuration(bounded), cutOffMs(bounded)], [14_000, 15_000]);
    const high = ramp([up], { gracefulRampDown: '2s', gracefulStop: '3s' });
    assert.deepEqual([regularDuration(high), cutOffMs(high)], [10_000, 13_000]);
  });

  it('should be told to scripts at length, with what k6 calls the scenario of the shortcuts', () => {
    const of = (raw: Record<string, unknown>): Record<string, unknown> => ({
      ...consolidated(raw, readOptions(raw)),
    });
    const short = of({ vus: 2, duration: '1m', tags: { a: 'b' } });
    assert.deepEqual(short['scenarios'], {
      default: {
        executor: 'constant-vus',
        startTime: null,
        gracefulStop: null,
        env: null,
        exec: null,
        tags: null,
        vus: 2,
        duration: '1m0s',
      },
    });
    assert.deepEqual([short['tags'], short['rps'], 'vus' in short], [{ a: 'b' }, null, false]);
    const ramp = { executor: 'ramping-vus', stages: [{ duration: 90_000, target: 2 }], exec: 'run' };
    const { scenarios } = of({ scenarios: { a: ramp } }) as { scenarios: Record<string, object> };
    assert.deepEqual(scenarios['a'], {
      executor: 'ramping-vus',
      startTime: null,
      gracefulStop: null,
      env: null,
      exec: 'run',
      tags: null,
      startVUs: null,
      stages: [{ duration: '1m30s', target: 2 }],
      gracefulRampDown: null,
    });
    assert.deepEqual([250, 1500, 3_600_000].map(goDuration), ['250ms', '1.5s', '1h0m0s']);
  });

  const scenario = (fields: object): object => ({ scenarios: { a: fields } });
  const refused: [raw: object, expected: RegExp][] = [
    [{ dns: { ttl: '1m' } }, /options\.dns is not supported/],
    [
      scenario({ executor: 'externally-controlled' }),
      /options\.scenarios\.a\.executor: "externally-controlled" is not supported/,
    ],
    [
      scenario({ executor: 'constant-vus', duration: '1s', options: { browser: {} } }),
      /options\.scenarios\.a\.options is not supported/,
    ],
    [
      scenario({ executor: 'constant-vus', duration: 'long' }),
      /options\.scenarios\.a\.duration: expected a duration/,
    ],
    [{ scenarios: {}, duration: '1s' }, /options\.duration cannot be used together with options\.scenarios/],
    [
      { duration: '1s', stages: [{ duration: '1s', target: 2 }] },
      /options\.duration cannot be used together with options\.stages/,
    ],
    [
      { iterations: 5, stages: [{ duration: '1s', target: 2 }] },
      /options\.iterations cannot be used together with options\.stages/,
    ],
    [
      scenario({ executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 3, maxVUs: 2 }),
      /maxVUs \(2\) is less/,
    ],
    [{ vus: 5, iterations: 3 }, /iterations \(3\) are less than vus \(5\)/],
    [{ duration: '500ms' }, /options\.duration: expected at least 1s/],
    [scenario({ executor: 'per-vu-iterations', maxDuration: 999 }), /a\.maxDuration: expected at least 1s/],
    [
      scenario({ executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '1s', target: 0 }] }),
      /expected startVUs or the target of at least one stage/,
    ],
    [scenario({ executor: 'ramping-vus', stages: [] }), /a\.stages: expected at least one stage/],
    [
      { scenarios: { 'a b': { executor: 'per-vu-iterations' } } },
      /may contain only letters, digits, _ and -/,
    ],
    [{ thresholds: { checks: 'rate==1' } }, /options\.thresholds\.checks: /],
  ];
  for (const [raw, expected] of refused)
    it(`should refuse ${JSON.stringify(raw)}`, () => assert.throws(() => readOptions(raw), expected));
});
