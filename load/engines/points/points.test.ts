import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoadMetric, LoadSecond } from '../../../reports/record/details/load-result.ts';
import { Collector } from './collector.ts';
import { expressionOf, judge } from './expression.ts';
import { bucketOf, Histogram, quantileOf, UNITS } from './histogram.ts';
import { Lines } from './lines.ts';
import { pointOf } from './points.ts';
import { selectorOf, selects } from './selector.ts';
import { sinkOf } from './sinks.ts';
import { Tally } from './tally.ts';

const same = (text: string): string => text;

/** Lines as in k6's documentation of the JSON output, with the fields that k6's source writes. */
const DECLARED =
  '{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":["avg<1000"],"submetrics":null},"metric":"http_req_duration"}';
const POINT =
  '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-05-09T14:34:45.239531499+02:00","value":459.865729,"tags":{"group":"::my group::json","method":"GET","status":"200","url":"https://tender.example.test/"}}}';

describe('lines of the JSON output', () => {
  it('should be read as the documentation gives them', () => {
    assert.deepEqual(pointOf(DECLARED), {
      type: 'Metric',
      metric: 'http_req_duration',
      kind: 'trend',
      time: true,
    });
    const point = pointOf(POINT);
    assert.ok(point?.type === 'Point');
    assert.deepEqual([point.timeMs, point.value], [Date.parse('2026-05-09T12:34:45.239Z'), 459.865729]);
    assert.equal(point.tags.group, '::my group::json');
    const bare = pointOf(
      '{"type":"Point","data":{"time":"2026-05-09T14:34:45+02:00","value":5,"tags":null},"metric":"vus"}',
    );
    assert.deepEqual(bare?.type === 'Point' && bare.tags, {});
  });

  it('should be none when they are cut off, of another program, or of another shape', () => {
    for (let end = 0; end < POINT.length; end += 7) assert.equal(pointOf(POINT.slice(0, end)), null);
    for (const text of [
      'null',
      '5',
      '{}',
      '{"type":"Point","metric":"a","data":null}',
      '{"type":"Point","metric":"a","data":{"time":"never","value":1}}',
      '{"type":"Point","metric":"a","data":{"time":"2026-05-09T14:34:45Z","value":"1"}}',
      '{"type":"Metric","metric":"a","data":{"type":"other"}}',
      '{"type":"Else","metric":"a","data":{}}',
    ])
      assert.equal(pointOf(text), null, text);
  });

  it('should be put together across pieces, the last one without a line break, and left out when too long', () => {
    const seen: string[] = [];
    const lines = new Lines((line) => seen.push(line));
    for (const piece of ['a', 'b\n\nc', 'd\ne']) lines.push(piece);
    for (let n = 0; n < 30; n++) lines.push('x'.repeat(100_000));
    lines.push('rest of it\nf\ng');
    lines.end();
    assert.deepEqual(seen, ['ab', 'cd', 'f', 'g']);
    assert.equal(lines.skipped, 1);
  });
});

describe('distributions', () => {
  it('should have buckets of at most 0.1 % of their value, each beginning where it says', () => {
    for (const value of [0, 1, 999, 2047, 2048, 2049, 123_456, 7_654_321, 98_765_432_109]) {
      const lowest = bucketOf(value);
      assert.ok(lowest <= value && value - lowest <= value / 1000, `${value} in ${lowest}`);
      assert.equal(bucketOf(lowest), lowest);
    }
    assert.equal(bucketOf(-5000), -bucketOf(5000));
  });

  it('should give quantiles within 0.1 % of k6’s, which lie between two samples', () => {
    const values = Array.from({ length: 1000 }, (_, n) => (n * n) / 100 + 0.5);
    const histogram = new Histogram();
    values.forEach((value) => histogram.record(value));
    for (const ratio of [0, 0.5, 0.9, 0.95, 0.999, 1]) {
      const rank = ratio * (values.length - 1);
      const [below = 0, above = 0] = [values[Math.floor(rank)], values[Math.ceil(rank)]];
      const exact = below + (above - below) * (rank - Math.floor(rank));
      const seen = quantileOf(histogram.buckets(), ratio, histogram.spread ?? { min: 0, max: 0 }) ?? 0;
      assert.ok(Math.abs(seen - exact) <= exact / 1000 + 0.5 / UNITS, `${ratio}: ${seen} for ${exact}`);
    }
    assert.equal(quantileOf([], 0.5, { min: 0, max: 0 }), null);
  });

  it('should not grow with the number of samples', () => {
    const histogram = new Histogram();
    for (let n = 0; n < 200_000; n++) histogram.record((n % 5000) / 10);
    assert.ok(histogram.buckets().length < 9000);
    assert.equal(histogram.count, 200_000);
  });
});

describe('sub-metrics', () => {
  it('should be read with quotes, blanks, and colons in values', () => {
    assert.deepEqual(selectorOf('http_req_duration').tags, []);
    assert.deepEqual(selectorOf('checks{ group:::my group, "check":\'ok\' }').tags, [
      ['group', '::my group'],
      ['check', 'ok'],
    ]);
    assert.ok(selects(selectorOf('a{status:200}'), { status: '200', name: 'x' }));
    assert.ok(!selects(selectorOf('a{status:200,name:y}'), { status: '200', name: 'x' }));
    assert.ok(selects(selectorOf('a{error:}'), {}));
    for (const bad of ['a{b', 'a}b{', 'a{b:c}d', 'a{b}', '{b:c}'])
      assert.throws(() => selectorOf(bad), /^Error: metric ".*": expected/);
  });
});

function trendOf(values: readonly number[]): LoadMetric {
  const sink = sinkOf('trend', true);
  values.forEach((value) => sink.add(value));
  return sink.metric(1000);
}

describe('threshold expressions', () => {
  it('should be read as k6 reads them, and nothing else', () => {
    assert.deepEqual(expressionOf(' p(99.9) <= 200 '), { method: 'p(99.9)', operator: '<=', value: 200 });
    assert.deepEqual(expressionOf('rate===0.5')?.operator, '==');
    for (const bad of ['p95<500', 'avg<', 'rate<1%', 'count=5', 'p(95)<500 && avg<3', ''])
      assert.equal(expressionOf(bad), null);
  });

  it('should be judged on every kind of metric', () => {
    const trend = trendOf([1, 2, 3, 100]);
    const counter = sinkOf('counter', false);
    for (let n = 0; n < 10; n++) counter.add(1);
    const rate = sinkOf('rate', false);
    [1, 0, 1, 1].forEach((value) => rate.add(value));
    const gauge = sinkOf('gauge', false);
    [3, 9, 4].forEach((value) => gauge.add(value));
    const seen: [LoadMetric, string, boolean | null][] = [
      [trend, 'avg<27', true],
      [trend, 'max<100', false],
      [trend, 'min==1', true],
      [trend, 'med<2.6', true],
      [trend, 'p(50)<2.6', true],
      [trend, 'p(95)<50', false],
      [trend, 'rate<1', null],
      [counter.metric(2000), 'count>=10', true],
      [counter.metric(2000), 'rate>5', false],
      [rate.metric(1), 'rate>0.7', true],
      [gauge.metric(1), 'value!=4', false],
      [trendOf([]), 'avg<1', null],
    ];
    for (const [metric, text, expected] of seen) assert.equal(judge(metric, text), expected, text);
    assert.equal(judge(undefined, 'avg<1'), null);
  });
});

const BEGIN = Date.UTC(2026, 0, 1);

function line(metric: string, atMs: number, value: number, tags: Record<string, string> = {}): string {
  const data = { time: new Date(BEGIN + atMs).toISOString(), value, tags };
  return JSON.stringify({ metric, type: 'Point', data });
}

const KIND = (metric: string, type: string, contains = 'default'): string =>
  JSON.stringify({ type: 'Metric', data: { type, contains }, metric });

function collecting(second?: (second: LoadSecond) => void): Collector {
  const collector = new Collector({
    scenarios: [{ name: 'steady', executor: 'constant-vus' }],
    thresholds: ['http_req_duration{name:read}', 'http_req_duration'],
    ...(second && { second }),
    redact: (text) => text.replaceAll('hunter2', '[TOKEN]'),
  });
  collector.line(KIND('http_req_duration', 'trend', 'time'));
  collector.line(KIND('http_reqs', 'counter'));
  collector.line(KIND('http_req_failed', 'rate'));
  return collector;
}

describe('a load in samples', () => {
  it('should begin when its first request was sent, not when its VUs were made', () => {
    const collector = collecting();
    for (const text of [
      line('vus', -3000, 0),
      line('http_reqs', 900, 1),
      line('http_req_duration', 900, 700),
    ])
      collector.line(text);
    collector.end();
    assert.equal(collector.beganMs, BEGIN + 200);
    assert.equal(collector.durationMs, 700);
    assert.equal(collector.seconds().length, 1);
  });

  it('should tell each second once, in order and in full, with samples that come late', () => {
    const told: number[][] = [];
    const collector = collecting((second) => told.push([second.atMs, second.requests]));
    collector.line(line('http_req_duration', 10, 10));
    for (const at of [100, 1500, 900, 2900, 3100, 1900]) collector.line(line('http_reqs', at, 1));
    assert.deepEqual(told, [[0, 2]], 'two seconds are waited for late samples');
    collector.line(line('http_reqs', 6500, 1));
    assert.deepEqual(told.slice(1), [
      [1000, 2],
      [2000, 1],
      [3000, 1],
    ]);
    collector.line(line('http_reqs', 200, 1));
    collector.end();
    const all = collector.seconds();
    assert.deepEqual(
      all.map(({ requests }) => requests),
      [3, 2, 1, 1, 0, 0, 1],
      'later still is in the record',
    );
    assert.deepEqual(
      told.map(([at]) => at),
      [0, 1000, 2000, 3000, 4000, 5000, 6000],
    );
    assert.equal(all[0]?.offered, null, 'nothing is scheduled for VUs');
  });

  it('should survive a clock that jumps', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1));
    collector.line(line('http_reqs', -86_400_000, 1));
    collector.line(line('http_reqs', 400 * 86_400_000, 1));
    assert.equal(collector.requests, 2);
    assert.deepEqual(
      collector.seconds().map(({ requests }) => requests),
      [2],
    );
  });

  it('should name errors by code and text, or by status, without secrets', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1));
    const failed = (tags: Record<string, string>): void =>
      collector.line(line('http_req_failed', 5, 1, tags));
    failed({ status: '503', error_code: '1503' });
    failed({ status: '0', error: 'lookup hunter2: no such host', error_code: '1101' });
    failed({ status: '503', error_code: '1503' });
    failed({});
    collector.line(line('http_req_failed', 6, 0, { status: '200' }));
    assert.equal(collector.failed, 4);
    assert.deepEqual(collector.errors.top(), [
      { error: '1503: status 503', count: 2 },
      { error: '1101: lookup [TOKEN]: no such host', count: 1 },
      { error: 'status unknown', count: 1 },
    ]);
  });

  it('should keep sub-metrics beside their parents, and only those that were asked for', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1, { name: 'read' }));
    collector.line(line('http_req_duration', 1, 9, { name: 'write' }));
    const metrics = collector.metrics(1000);
    assert.deepEqual(Object.keys(metrics), ['http_req_duration', 'http_req_duration{name:read}']);
    assert.deepEqual(
      Object.values(metrics).map((metric) => metric.type === 'trend' && metric.count),
      [2, 1],
    );
  });

  it('should take scenarios that no one announced as they come', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1));
    collector.line(line('iterations', 5, 1, { scenario: 'extra' }));
    collector.line(line('dropped_iterations', 5, 2, { scenario: 'steady' }));
    assert.deepEqual(collector.scenarios(3), [
      { name: 'steady', executor: 'constant-vus', iterations: 0, interrupted: 0, dropped: 2, offered: null },
      { name: 'extra', executor: 'unknown', iterations: 1, interrupted: 0, dropped: 0, offered: null },
    ]);
  });

  it('should tell a bounded number of errors apart', () => {
    const tally = new Tally();
    for (let n = 0; n < 5000; n++) tally.add(same(`port ${n}`));
    assert.equal(tally.top().length, 50);
    assert.deepEqual(tally.top()[0], { error: 'others', count: 4000 });
  });
});
