import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expressionOf } from './engines/points/expression.ts';
import { selectorOf } from './engines/points/selector.ts';
import { thresholdsOf } from './thresholds.ts';

test('should say goals in the words of k6', () => {
  assert.deepEqual(
    thresholdsOf({
      latency: [
        { percentile: 95, maxMs: 500 },
        { percentile: 99.9, maxMs: 2000 },
        { percentile: 95, maxMs: 500 },
        { percentile: 50, maxMs: 80, tags: { name: 'read', method: 'GET' } },
        { percentile: 90, maxMs: 100, tags: {} },
      ],
      availabilityRatio: 0.999,
      minRequestsPerSecond: 50,
    }),
    {
      'http_req_duration{expected_response:true}': ['p(95)<500', 'p(99.9)<2000'],
      'http_req_duration{method:GET,name:read}': ['p(50)<80'],
      http_req_duration: ['p(90)<100'],
      http_req_failed: ['rate<0.001'],
      http_reqs: ['rate>=50'],
    },
  );
});

test('should ask for nothing where there are no goals', () => {
  assert.deepEqual(thresholdsOf({}), {});
});

test('should write only what engines can read', () => {
  const ratios = [0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 0.99999, 1];
  for (const availabilityRatio of ratios) {
    const expression = thresholdsOf({ availabilityRatio }).http_req_failed?.[0];
    assert.ok(typeof expression === 'string');
    assert.equal(expressionOf(expression)?.value, Number((1 - availabilityRatio).toPrecision(6)), expression);
  }
  for (const metric of Object.keys(
    thresholdsOf({ latency: [{ percentile: 95, maxMs: 1, tags: { group: '::a b' } }] }),
  ))
    assert.deepEqual(selectorOf(metric).tags, [['group', '::a b']]);
});

test('should end a load early only when it is asked to', () => {
  assert.deepEqual(thresholdsOf({ availabilityRatio: 1 }, { abort: { failedRatio: 0.5, afterMs: 5000 } }), {
    http_req_failed: ['rate==0', { threshold: 'rate<0.5', abortOnFail: true, delayAbortEval: '5000ms' }],
  });
});

test('should refuse goals that mean nothing, with their value', () => {
  const refused: [Parameters<typeof thresholdsOf>[0], RegExp][] = [
    [{ availabilityRatio: 99.9 }, /availability goal \(ratio\) is 99\.9: expected more than 0 and at most 1/],
    [{ availabilityRatio: Number.NaN }, /is NaN/],
    [{ latency: [{ percentile: 0, maxMs: 1 }] }, /percentile of a latency goal is 0/],
    [{ latency: [{ percentile: 95, maxMs: 0 }] }, /latency goal \(ms\) is 0/],
    [{ latency: [{ percentile: 95, maxMs: 1, tags: { name: 'a,b' } }] }, /tag name:a,b/],
    [{ minRequestsPerSecond: -1 }, /throughput goal/],
  ];
  for (const [goals, expected] of refused) assert.throws(() => thresholdsOf(goals), expected);
});
