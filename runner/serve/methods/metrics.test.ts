import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment, PrometheusSettings } from '../../../env/schema.ts';
import type { Call } from '../session.ts';
import { metricsMethods } from './metrics.ts';

const { objectives: declared, timeouts } = await loadEnvironment('local-small', {});
/** Of one service: how often each query is asked is counted below. */
const objectives = declared.filter(({ service }) => service === 'tender-api');
const folder = mkdtempSync(join(tmpdir(), 'plumbline-metrics-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const call: Call = { check: 'performance/budget', signal: new AbortController().signal };
let trial = 0;

const AHEAD_MS = 300_000;
/** How exact a clock is read here. */
const NEAR_MS = 10_000;

interface Recorded {
  kind: string;
  objectives: string[];
  query: string;
  stepSeconds: number;
  scrapeSeconds: number;
  fromMs: number;
  toMs: number;
  endMs: number;
  values: { labels: Record<string, string>; points: [number, number][] }[];
}

interface Clock {
  kind: string;
  source: string;
}

interface There {
  objectives: string[];
  selector: string;
  values: { label: string; values: string[] }[];
}

async function record(
  prometheus: PrometheusSettings | undefined,
  startedMs = 1000,
  held: Environment['objectives'] = objectives,
  mostSamples?: number,
): Promise<{ unavailable?: string; recorded: Recorded[]; there: There[]; clocks: Clock[] }> {
  const at = join(folder, String(++trial));
  mkdirSync(at);
  const methods = metricsMethods(
    {
      stores: { secret: () => Promise.resolve('a-token'), reread: () => Promise.resolve('a-token') },
      runState: {
        environment: { prometheus, objectives: held, timeouts },
        startedMs,
        redact: (text) => text.replaceAll('hunter2', '…'),
        trialFolder: () => at,
      },
    },
    mostSamples,
  );
  const { unavailable } = await methods['metrics.record']({ check: 'performance/budget', trial: 1 }, call);
  const lines =
    prometheus === undefined ? [] : readFileSync(join(at, 'metrics.ndjson'), 'utf8').trim().split('\n');
  const all = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
  const recorded = all.filter(({ kind }) => kind === 'series');
  const there = all.filter(({ kind }) => kind === 'metric-there') as unknown as There[];
  const clocks = all.filter(({ kind }) => kind.startsWith('clock-')) as unknown as Clock[];
  return { ...(unavailable !== undefined && { unavailable }), recorded, there, clocks };
}

test('should say that none is declared', async () => {
  const { unavailable } = await record(undefined);
  assert.equal(unavailable, 'the environment declares no prometheus');
});

test('should say that it does not answer, and record nothing', async () => {
  const { unavailable, recorded } = await record({ url: 'http://127.0.0.1:1', scrapeSeconds: 5 });
  assert.match(unavailable ?? '', /ECONNREFUSED/);
  assert.deepEqual(recorded, []);
});

interface Asked {
  query: string;
  endMs: number;
  authorization: string | undefined;
}

/**
 * A Prometheus that says the same to every question, while `use` asks.
 * @param most after so many answers it fails
 * @param longestMs it refuses a longer range: that would be too many samples
 * @param aheadMs how far its clock is ahead; null: it does not say what time it has
 */
async function withPrometheus(
  use: (url: string, asked: Asked[]) => Promise<void>,
  {
    most = Infinity,
    longestMs = Infinity,
    aheadMs = 0,
  }: { most?: number; longestMs?: number; aheadMs?: number | null } = {},
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const names = namesFor(request.url ?? '');
      if (names !== null) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ status: 'success', data: names }));
        return;
      }
      const form = new URLSearchParams(text);
      const query = form.get('query') ?? '';
      const { authorization } = request.headers;
      if (query === 'time()') {
        const value = [1, aheadMs === null ? 'NaN' : String((Date.now() + aheadMs) / 1000)];
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: value } }));
        return;
      }
      const special = countOrRefusal(query, longestMs);
      if (special !== null) {
        response.writeHead(special.status === 'success' ? 200 : 422, { 'content-type': 'application/json' });
        response.end(JSON.stringify(special));
        return;
      }
      asked.push({ query, endMs: Number(form.get('time')) * 1000, authorization });
      const result = [
        {
          metric: { pod: 'hunter2' },
          values: [
            [2, '10'],
            [7, '20'],
          ],
        },
      ];
      const found = { status: 'success', data: { resultType: 'matrix', result } };
      const failed = { status: 'error', errorType: 'unavailable', error: 'shutting down' };
      response.writeHead(asked.length > most ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(asked.length > most ? failed : found));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('should ask each query once, with what says which targets answered, and keep no secret', () =>
  withPrometheus(async (url, asked) => {
    const startedMs = Date.now() - 60_000;
    const settings = { url, scrapeSeconds: 5, token: { env: 'TOKEN' } };
    const { unavailable, recorded, there } = await record(settings, startedMs);
    assert.equal(unavailable, undefined);
    const names = objectives.map(({ name }) => name);
    assert.deepEqual(
      there.map((one) => [
        one.selector.replace(/^http_request_duration_seconds/, '').slice(0, 7),
        one.objectives,
      ]),
      [
        ['_count{', names],
        ['_count{', ['api-requests']],
        ['_bucket', ['api-latency']],
      ],
    );
    assert.deepEqual(there[1]?.values.at(-1), { label: 'status', values: ['200', '…'] });
    assert.deepEqual(
      recorded.map(({ query }) => query.replace(/^http_request_duration_seconds/, '').slice(0, 8)),
      ['_count{j', '_count{j', 'up{job="', '_bucket{'],
    );
    assert.deepEqual(
      recorded.map((one) => one.objectives),
      [names, ['api-requests'], names, ['api-latency']],
    );
    for (const { kind, stepSeconds, scrapeSeconds, fromMs, toMs, endMs } of recorded) {
      assert.deepEqual([kind, stepSeconds, scrapeSeconds, endMs], ['series', 5, 5, toMs]);
      assert.ok(Math.abs(fromMs - startedMs) < NEAR_MS, `${fromMs - startedMs} ms`);
    }
    assert.deepEqual(recorded[0]?.values, [
      {
        labels: { pod: '…' },
        points: [
          [2000, 10],
          [7000, 20],
        ],
      },
    ]);
    assert.ok(asked.every(({ query }) => /\[\d+ms\]$/.test(query)));
    assert.ok(asked.every(({ authorization }) => authorization === 'Bearer a-token'));
  }));

test('should cut the windows by the clock of Prometheus, and record how far that is off', () =>
  withPrometheus(
    async (url) => {
      const startedMs = Date.now() - 60_000;
      const { recorded, clocks } = await record({ url, scrapeSeconds: 5 }, startedMs);
      assert.ok(recorded.length > 0);
      for (const { fromMs, toMs } of recorded) {
        assert.ok(Math.abs(fromMs - startedMs - AHEAD_MS) < NEAR_MS, `${fromMs - startedMs} ms`);
        assert.ok(Math.abs(toMs - Date.now() - AHEAD_MS) < NEAR_MS, `${toMs - Date.now()} ms`);
      }
      assert.deepEqual(
        clocks.map(({ kind, source }) => [kind, source]),
        [['clock-offset', 'Prometheus']],
      );
    },
    { aheadMs: AHEAD_MS },
  ));

test('should record nothing of a Prometheus whose clock cannot be read, and say so', () =>
  withPrometheus(
    async (url, asked) => {
      const { unavailable, recorded } = await record({ url, scrapeSeconds: 5 });
      assert.match(unavailable ?? '', /^its clock could not be read: time\(\) has no value$/);
      assert.deepEqual([recorded, asked], [[], []]);
    },
    { aheadMs: null },
  ));

const rolling = objectives.map((one) => ({
  ...one,
  window: { kind: 'rolling', ms: 2 * 86_400_000 } as const,
}));

test('should ask for a long window by parts of six hours, each written as it arrives', () =>
  withPrometheus(async (url, asked) => {
    const { unavailable, recorded } = await record({ url, scrapeSeconds: 15 }, 1000, rolling);
    assert.equal(unavailable, undefined);
    assert.equal(recorded.length, 4 * 8);
    assert.ok(recorded.every(({ stepSeconds, scrapeSeconds }) => stepSeconds === 60 && scrapeSeconds === 15));
    const total = recorded.filter(({ query }) => query === recorded[0]?.query);
    total.slice(1).forEach(({ fromMs }, index) => assert.equal(fromMs, total[index]?.toMs));
    assert.equal((total.at(-1)?.toMs ?? 0) - (total[0]?.fromMs ?? 0), 2 * 86_400_000);
    assert.equal(asked.length, 32);
  }));

test('should keep what was read before it failed, and say that it did', () =>
  withPrometheus(
    async (url) => {
      const { unavailable, recorded } = await record({ url, scrapeSeconds: 15 }, 1000, rolling);
      assert.match(unavailable ?? '', /unavailable \(503\): shutting down/);
      assert.equal(recorded.length, 12);
    },
    { most: 12 },
  ));

test('should halve the parts where an answer is too large, and leave no time out', () =>
  withPrometheus(
    async (url, asked) => {
      const { unavailable, recorded } = await record({ url, scrapeSeconds: 15 }, 1000, rolling);
      assert.equal(unavailable, undefined);
      const total = recorded.filter(({ query }) => query === recorded[0]?.query);
      assert.equal(total.length, (2 * 86_400_000) / 2_700_000, 'parts of 45 minutes');
      total.slice(1).forEach(({ fromMs }, index) => assert.equal(fromMs, total[index]?.toMs));
      assert.equal((total.at(-1)?.toMs ?? 0) - (total[0]?.fromMs ?? 0), 2 * 86_400_000);
      assert.equal(asked.length, recorded.length, 'no part is asked twice that was answered');
    },
    { longestMs: 3_600_000 },
  ));

test('should name the objectives and how many series where some minutes of them are too much', () =>
  withPrometheus(
    async (url) => {
      const { unavailable, recorded } = await record({ url, scrapeSeconds: 15 }, 1000, rolling);
      assert.match(
        unavailable ?? '',
        /^objectives? api-.*: the answer for some minutes of 1900 series is too large/,
      );
      assert.match(unavailable ?? '', /recording rule/);
      assert.deepEqual(recorded, []);
    },
    { longestMs: 60_000 },
  ));

test('should stop before there is more than can be judged, and keep what it has', () =>
  withPrometheus(async (url) => {
    const { unavailable, recorded } = await record({ url, scrapeSeconds: 15 }, 1000, rolling, 9);
    assert.match(
      unavailable ?? '',
      /^objectives? api-.*: 1 series over 2 d have \d+ samples or more, and no more than 9 of all/,
    );
    const samples = recorded.flatMap(({ values }) => values.flatMap(({ points }) => points));
    assert.equal(samples.length, 8);
  }));

/** The number of series, and what Prometheus says to a range that is too long; null: it is another question. */
function countOrRefusal(query: string, longestMs: number): Record<string, unknown> | null {
  if (query.startsWith('count(')) {
    const result = [{ metric: {}, value: [1, '1900'] }];
    return { status: 'success', data: { resultType: 'vector', result } };
  }
  if (!(Number(/\[(\d+)ms\]$/.exec(query)?.[1]) > longestMs)) return null;
  const error = 'query processing would load too many samples into memory in query execution';
  return { status: 'error', errorType: 'execution', error };
}

/** What is answered to questions for names, which are not counted; null: it is a query. */
function namesFor(url: string): unknown {
  if (url.startsWith('/api/v1/metadata')) return {};
  if (url.startsWith('/api/v1/label/le/')) return ['0.5'];
  if (url.startsWith('/api/v1/label/')) return ['200', 'hunter2'];
  return url.startsWith('/api/v1/labels') ? ['__name__', 'job', 'le', 'route', 'status'] : null;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}
