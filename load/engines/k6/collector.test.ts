import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoadSecond } from '../engine.ts';
import { Collector } from './collector.ts';
import { Lines } from './lines.ts';
import { pointOf } from './points.ts';

/** Lines as in k6's documentation of the JSON output, with the fields that k6's source writes. */
const DECLARED =
  '{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":["avg<1000"],"submetrics":null},"metric":"http_req_duration"}';
const POINT =
  '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-05-09T14:34:45.239531499+02:00","value":459.865729,"tags":{"group":"::my group::json","method":"GET","status":"200","url":"https://tender.example.test/"}}}';

describe('lines of the JSON output', () => {
  it('should be read as the documentation gives them', () => {
    assert.deepEqual(pointOf(DECLARED), { type: 'Metric' });
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

const BEGIN = Date.UTC(2026, 0, 1);

function line(metric: string, atMs: number, value: number, tags: Record<string, string> = {}): string {
  const data = { time: new Date(BEGIN + atMs).toISOString(), value, tags };
  return JSON.stringify({ metric, type: 'Point', data });
}

const collecting = (second?: (second: LoadSecond) => void): Collector =>
  new Collector((text) => text.replaceAll('hunter2', '[TOKEN]'), second);

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
    assert.equal(collector.measured.seconds.all().length, 1);
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
    const all = collector.measured.seconds.all();
    assert.deepEqual(
      all.map(({ requests }) => requests),
      [3, 2, 1, 1, 0, 0, 1],
      'later still is in the record',
    );
    assert.deepEqual(
      told.map(([at]) => at),
      [0, 1000, 2000, 3000, 4000, 5000, 6000],
    );
  });

  it('should survive a clock that jumps', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1));
    collector.line(line('http_reqs', -86_400_000, 1));
    collector.line(line('http_reqs', 400 * 86_400_000, 1));
    assert.equal(collector.measured.requests, 2);
    assert.deepEqual(
      collector.measured.seconds.all().map(({ requests }) => requests),
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
    assert.deepEqual(collector.measured.errors.top(), [
      '2 × 1503: status 503',
      '1 × 1101: lookup [TOKEN]: no such host',
      '1 × status unknown',
    ]);
  });

  it('should count iterations that were begun in the second of their start, and dropped ones, as offered', () => {
    const collector = collecting();
    collector.line(line('http_req_duration', 0, 1));
    collector.line(line('iteration_duration', 1100, 200));
    collector.line(line('iterations', 1100, 1));
    collector.line(line('dropped_iterations', 1200, 2));
    const { offered, iterations, dropped, seconds } = collector.measured.result();
    assert.deepEqual([offered, iterations, dropped], [3, 1, 2]);
    assert.deepEqual(
      seconds.map((second) => [second.started, second.dropped, second.offered]),
      [
        [1, 0, 1],
        [0, 2, 2],
      ],
    );
  });
});
