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
import type { Call } from '../handlers.ts';
import { metricsMethods } from './metrics.ts';

const { objectives: declared, timeouts, topology } = await loadEnvironment('local-small', {});
/** Of one service: how often each query is asked is counted below. */
const objectives = declared.filter(({ service }) => service === 'tender-api');
const folder = mkdtempSync(join(tmpdir(), 'plumbline-metrics-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const call: Call = { check: 'performance/budget', signal: new AbortController().signal };
let trial = 0;

const AHEAD_MS = 300_000;
/** How exact a clock is read here. */
const NEAR_MS = 10_000;

interface Line {
  kind: string;
  objective: string;
  source: string;
  query: string;
  fromMs: number;
  toMs: number;
  atMs: number;
  scrapeSeconds: number;
  value: number | null;
  refused?: string;
}

interface Recorded {
  unavailable?: string;
  windows: Line[];
  answers: Line[];
  clocks: Line[];
}

async function record(
  prometheus: PrometheusSettings | undefined,
  startedMs = 1000,
  held: Environment['objectives'] = objectives,
): Promise<Recorded> {
  const at = join(folder, String(++trial));
  mkdirSync(at);
  const methods = metricsMethods({
    stores: { secret: () => Promise.resolve('a-token'), reread: () => Promise.resolve('a-token') },
    runState: {
      environment: { prometheus, objectives: held, timeouts, topology },
      startedMs,
      redact: (text) => text.replaceAll('hunter2', '…'),
      trialFolder: () => at,
    },
  });
  const { unavailable } = await methods['metrics.record']({ check: 'performance/budget', trial: 1 }, call);
  const lines =
    prometheus === undefined ? [] : readFileSync(join(at, 'metrics.ndjson'), 'utf8').trim().split('\n');
  const all = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
  const of = (kind: string): Line[] => all.filter((line) => line.kind.startsWith(kind));
  return {
    ...(unavailable !== undefined && { unavailable }),
    windows: of('budget-window'),
    answers: of('metric-answer'),
    clocks: of('clock-'),
  };
}

test('should say that none is declared', async () => {
  const { unavailable } = await record(undefined);
  assert.equal(unavailable, 'the environment declares no prometheus');
});

test('should say that it does not answer, and record nothing', async () => {
  const { unavailable, answers } = await record({ url: 'http://127.0.0.1:1', scrapeSeconds: 5 });
  assert.match(unavailable ?? '', /ECONNREFUSED/);
  assert.deepEqual(answers, []);
});

interface Asked {
  query: string;
  atMs: number;
  authorization: string | undefined;
}

/**
 * A Prometheus that says 7 to every question, while `use` asks.
 * @param says what it says to one query; undefined: 7
 * @param aheadMs how far its clock is ahead; null: it does not say what time it has
 */
async function withPrometheus(
  use: (url: string, asked: Asked[]) => Promise<void>,
  {
    says = () => undefined,
    aheadMs = 0,
  }: { says?: (query: string) => [status: number, body: object] | undefined; aheadMs?: number | null } = {},
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const form = new URLSearchParams(text);
      const query = form.get('query') ?? '';
      const clock = [1, aheadMs === null ? 'NaN' : String((Date.now() + aheadMs) / 1000)];
      if (query !== 'time()')
        asked.push({
          query,
          atMs: Math.round(Number(form.get('time')) * 1000),
          authorization: request.headers.authorization,
        });
      const [status, body] =
        query === 'time()' ? [200, data('scalar', clock)] : (says(query) ?? [200, vector('7')]);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
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

const data = (resultType: string, result: unknown): object => ({
  status: 'success',
  data: { resultType, result },
});
const vector = (...values: string[]): object =>
  data(
    'vector',
    values.map((value) => ({ metric: { pod: value }, value: [1, value] })),
  );

test('should ask each query once, all for one moment, and record its number', () =>
  withPrometheus(async (url, asked) => {
    const startedMs = Date.now() - 60_000;
    const settings = { url, scrapeSeconds: 5, token: { env: 'TOKEN' } };
    const { unavailable, windows, answers } = await record(settings, startedMs);
    assert.equal(unavailable, undefined);
    assert.deepEqual(
      windows.map(({ objective }) => objective),
      objectives.map(({ name }) => name),
    );
    for (const { scrapeSeconds, fromMs } of windows) {
      assert.equal(scrapeSeconds, 5);
      assert.ok(Math.abs(fromMs - startedMs) < NEAR_MS, `${fromMs - startedMs} ms`);
    }
    const queries = asked.map(({ query }) => query);
    assert.equal(new Set(queries).size, queries.length);
    assert.deepEqual(
      answers.map(({ query, atMs, value }) => [query, atMs, value]),
      queries.map((query) => [query, windows[0]?.toMs, 7]),
    );
    assert.ok(asked.every(({ atMs }) => atMs === windows[0]?.toMs));
    assert.ok(asked.every(({ authorization }) => authorization === 'Bearer a-token'));
    assert.ok(
      queries.some((query) => query.startsWith('sum(increase(http_request_duration_seconds_bucket{')),
    );
  }));

test('should cut the windows by the clock of Prometheus, and record how far that is off', () =>
  withPrometheus(
    async (url) => {
      const startedMs = Date.now() - 60_000;
      const { windows, clocks } = await record({ url, scrapeSeconds: 5 }, startedMs);
      assert.ok(windows.length > 0);
      for (const { fromMs, toMs } of windows) {
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
      const { unavailable, answers } = await record({ url, scrapeSeconds: 5 });
      assert.match(unavailable ?? '', /^its clock could not be read: time\(\) has no value$/);
      assert.deepEqual([answers, asked], [[], []]);
    },
    { aheadMs: null },
  ));

test('should record what Prometheus refused, warned of or did not find, and ask the rest', () =>
  withPrometheus(
    async (url, asked) => {
      const { unavailable, answers } = await record({ url, scrapeSeconds: 5 });
      assert.equal(unavailable, undefined);
      assert.equal(answers.length, asked.length);
      const of = (text: string): Line => answers.find(({ query }) => query.includes(text)) ?? assert.fail();
      const large = of('sum(increase(');
      assert.equal(large.value, null);
      assert.match(
        large.refused ?? '',
        /too many samples .*: count them by a recording rule, or select fewer/,
      );
      assert.match(of('avg_over_time').refused ?? '', /the answer is partial: store … is gone/);
      assert.match(of('clamp_min(max_over_time').refused ?? '', /^2 series were the answer to /);
      const nothing = of('count(last_over_time');
      assert.deepEqual([nothing.value, nothing.refused], [null, undefined]);
    },
    {
      says: (query) => {
        if (query.startsWith('sum(increase('))
          return [
            422,
            {
              status: 'error',
              errorType: 'execution',
              error: 'query processing would load too many samples into memory in query execution',
            },
          ];
        if (query.startsWith('avg_over_time'))
          return [200, { ...vector('1'), warnings: ['store hunter2 is gone'] }];
        if (query.startsWith('sum(clamp_min')) return [200, vector('1', '2')];
        return query.startsWith('count(last_over_time') ? [200, vector()] : undefined;
      },
    },
  ));

test('should keep what was read before Prometheus was gone, and say that it is', () =>
  withPrometheus(
    async (url) => {
      const { unavailable, answers } = await record({ url, scrapeSeconds: 5 });
      assert.match(unavailable ?? '', /403/);
      assert.ok(
        answers.length > 0 && answers.every(({ query }) => query.startsWith('count(count_over_time')),
      );
    },
    {
      says: (query) =>
        query.startsWith('count(count_over_time') ? undefined : [403, { status: 'error', error: 'no' }],
    },
  ));

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}
