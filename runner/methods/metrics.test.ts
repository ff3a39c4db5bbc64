import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { PrometheusSettings } from '../../env/schema.ts';
import type { Call } from '../session.ts';
import { metricsMethods } from './metrics.ts';

const { objectives, timeouts } = await loadEnvironment('local-small', {});
const folder = mkdtempSync(join(tmpdir(), 'plumbline-metrics-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const call: Call = { check: 'performance/budget', signal: new AbortController().signal };
let trial = 0;

interface Recorded {
  kind: string;
  objective: string;
  query: string;
  step: number;
  fromMs: number;
  values: { points: [number, number][] }[];
}

async function record(
  prometheus: PrometheusSettings | undefined,
  startedMs = 1000,
): Promise<{ unavailable?: string; recorded: Recorded[] }> {
  const at = join(folder, String(++trial));
  mkdirSync(at);
  const methods = metricsMethods({
    stores: { secret: () => Promise.resolve('a-token') },
    book: { environment: { prometheus, objectives, timeouts }, startedMs, trialFolder: () => at },
  });
  const { unavailable } = await methods['metrics.record']({ check: 'performance/budget', trial: 1 }, call);
  const lines =
    prometheus === undefined ? [] : readFileSync(join(at, 'metrics.ndjson'), 'utf8').trim().split('\n');
  const recorded = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
  return { ...(unavailable !== undefined && { unavailable }), recorded };
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

test('should record the samples of every query of every objective, over the window of each', async () => {
  const asked: { query: string | null; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { authorization } = request.headers;
      asked.push({ query: new URLSearchParams(text).get('query'), authorization });
      const result = [{ metric: { pod: 'tender-api-1' }, values: [[2, '10'], [7, '20']] }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const startedMs = Date.now() - 60_000;
    const { unavailable, recorded } = await record(
      { url, scrapeSeconds: 5, token: { env: 'TOKEN' } },
      startedMs,
    );
    assert.equal(unavailable, undefined);
    assert.deepEqual(
      recorded.map(({ kind, objective, step, fromMs }) => [kind, objective, step, fromMs]),
      objectives.flatMap(({ name }) => [
        ['series', name, 5, startedMs],
        ['series', name, 5, startedMs],
      ]),
    );
    assert.deepEqual(recorded[0]?.values[0]?.points, [
      [2000, 10],
      [7000, 20],
    ]);
    assert.ok(asked.every(({ query }) => /\[\d+ms\]$/.test(query ?? '')));
    assert.ok(asked.every(({ authorization }) => authorization === 'Bearer a-token'));
  } finally {
    server.close();
  }
});

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}
