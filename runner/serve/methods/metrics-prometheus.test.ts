/**
 * What Prometheus itself says of metrics as services and gateways write them, and what the judge makes of it. The target writes the text that the
 * documentation of each product has; the server is Debian's Prometheus, where this machine has its package.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { readTemplates, resolveObjectives } from '../../../env/objectives/index.ts';
import { prometheusPrograms } from '../../../env/objectives/_testing/debian-prometheus.ts';
import { objectives as choices } from '../../../env/schema/objectives.ts';
import { DEFAULT_TIMEOUTS } from '../../../env/schema.ts';
import { parseYaml } from '../../../env/yaml-source.ts';
import { monoMs } from '../../../host/clock.ts';
import { waitFor } from '../../../host/wait.ts';
import { PrometheusClient } from '../../../probes/prometheus/index.ts';
import type { History, Observation } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Objective } from '../../../reports/record/telemetry/objective.ts';
import { invent } from '../../../suites/_testing/histories.ts';
import { judgeOf } from '../../../suites/_testing/judges.ts';
import { metricsMethods } from './metrics.ts';

const { programs, remove } = prometheusPrograms('prometheus');
const skip = programs === null && 'neither prometheus on PATH nor a package of it in the cache';
const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-prometheus-data-'));

/** How many requests each scrape finds more. */
const REQUESTS = 100;
let scrapes = 0;

/** A histogram as text: everything below the given boundary. */
function histogram(name: string, labels: string, edges: readonly number[]): string {
  const count = scrapes * REQUESTS;
  return [
    `# TYPE ${name} histogram`,
    ...edges.map((edge) => `${name}_bucket{${labels},le="${edge}"} ${count}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${count * 0.01}`,
    `${name}_count{${labels}} ${count}`,
  ].join('\n');
}

function metrics(): string {
  scrapes += 1;
  const count = scrapes * REQUESTS;
  const spring = 'exception="None",method="GET",outcome="SUCCESS",status="200",uri="/basket"';
  return [
    // Micrometer with an SLO of 500 ms; a second service without buckets is a summary.
    histogram('http_server_requests_seconds', spring, [0.1, 0.5, 1]),
    '# TYPE plain_requests_seconds summary',
    `plain_requests_seconds_count{outcome="SUCCESS"} ${count}`,
    `plain_requests_seconds_sum{outcome="SUCCESS"} ${count * 0.01}`,
    // Classes of status; a status under another name.
    '# TYPE classed_requests_total counter',
    `classed_requests_total{status="2xx"} ${count}`,
    '# TYPE coded_requests_total counter',
    `coded_requests_total{status_code="200",path="/"} ${count}`,
    // Kong 3 and Traefik 3, with their own boundaries.
    '# TYPE kong_http_requests_total counter',
    `kong_http_requests_total{service="shop",route="shop.route-1",code="200",source="service",consumer=""} ${count}`,
    histogram(
      'kong_request_latency_ms',
      'service="shop",route="shop.route-1"',
      [25, 50, 80, 100, 250, 400, 700, 1000],
    ),
    histogram(
      'traefik_service_request_duration_seconds',
      'code="200",method="GET",protocol="http",service="shop@file"',
      [0.1, 0.3, 1.2, 5],
    ),
    // A histogram in seconds whose name says nothing.
    histogram('task_duration', 'kind="a"', [0.005, 0.01, 0.1, 1, 10]),
    '',
  ].join('\n');
}

let target: Server | undefined;
let server: ChildProcess | undefined;
let url = '';
/** When the run began: the first scrape was there. */
let startedMs = 0;
let startedMono = 0;

const SCRAPE_SECONDS = 1;
/** As it is declared: a busy machine misses scrapes, and a gap is two and a half of these. */
const DECLARED_SECONDS = 10;
/** Scrapes to judge by: 300 requests, where 99 % needs 100. */
const SCRAPES = 4;

before(async () => {
  if (programs === null) return;
  target = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(metrics());
  });
  const address = `127.0.0.1:${await portOf(target)}`;
  // A port that was free a moment ago: Prometheus 2 cannot choose one itself.
  const free = createServer();
  const port = await portOf(free);
  free.close();
  await once(free, 'close');
  const config = path.join(folder, 'prometheus.yml');
  const every = `${SCRAPE_SECONDS}s`;
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: every, scrape_timeout: every },
      scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [address] }] }],
    }),
  );
  const at = [`--config.file=${config}`, `--storage.tsdb.path=${path.join(folder, 'data')}`];
  // It must not outlive tests that are killed.
  const guarded = ['--pdeathsig', 'KILL', programs[0] ?? '', ...at, `--web.listen-address=127.0.0.1:${port}`];
  server = spawn('setpriv', guarded, { stdio: 'ignore' });
  url = `http://127.0.0.1:${port}`;
  const client = new PrometheusClient({ url, deadlineMs: 5000 });
  const scraped = (times: number): Promise<number> =>
    waitFor(
      async () => {
        const [found] = await client.query('count_over_time(task_duration_count[1m])');
        return (found?.points[0]?.[1] ?? 0) >= times ? Date.now() : null;
      },
      { what: `${times} scrapes by the Prometheus of this test`, deadlineMs: 60_000, intervalMs: 50 },
    );
  startedMs = await scraped(1);
  startedMono = monoMs();
  await scraped(SCRAPES);
  client.close();
});

async function portOf(listening: Server): Promise<number> {
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

after(async () => {
  if (server !== undefined) {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
  target?.closeAllConnections();
  target?.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

const TEMPLATES = readTemplates(path.join(import.meta.dirname, '../../..'));

function objectiveOf(stated: Record<string, unknown>): Objective {
  const name = 'goal';
  const parsed = choices.parse([{ name, service: 'shop', target: 0.99, window: 'run', ...stated }]);
  const [found] = resolveObjectives(parsed, TEMPLATES, { source: parseYaml('', 'x'), kind: 'staging' });
  assert.ok(found);
  return found;
}

let trial = 0;

/** Asks Prometheus as a run does, and judges what was recorded. */
async function budget(stated: Record<string, unknown>): Promise<Judgement & { history: History }> {
  const objective = objectiveOf(stated);
  const at = path.join(folder, `trial-${++trial}`);
  mkdirSync(at);
  const prometheus = { url, scrapeSeconds: DECLARED_SECONDS };
  const methods = metricsMethods({
    stores: { secret: noSecret, reread: noSecret },
    runState: {
      environment: {
        prometheus,
        objectives: [objective],
        timeouts: DEFAULT_TIMEOUTS,
        topology: { workloads: [] },
      },
      startedMs,
      redact: (text) => text,
      trialFolder: () => at,
    },
  });
  const signal = new AbortController().signal;
  const answer = await methods['metrics.record']({ check: CHECK, trial: 1 }, { check: CHECK, signal });
  assert.deepEqual(answer, {});
  const lines = readFileSync(path.join(at, 'metrics.ndjson'), 'utf8').trim().split('\n');
  const invented = invent({ check: CHECK, settings: { objectives: [objective], prometheus }, seen: [] });
  const observations = lines.map((line) => JSON.parse(line) as Observation);
  const history: History = {
    ...invented,
    header: {
      ...invented.header,
      anchor: { wall: new Date(startedMs).toISOString(), monoMs: startedMono },
    },
    observations: [...observations, { kind: 'end', t: monoMs() }],
  };
  const judge = judgeOf(CHECK);
  assert.ok(judge);
  return { ...judge([history]), history };
}

const CHECK = 'performance/budget';
const SHOP = 'job="shop"';

/** Verdict and reason. */
async function judged(stated: Record<string, unknown>): Promise<string> {
  const { verdict, reason } = await budget(stated);
  return `${verdict}: ${reason}`;
}

const noSecret = (): Promise<never> => Promise.reject(new Error('no secret is declared'));

test('should pass what is as a template has it, without one error series', { skip }, async () => {
  const micrometer = { template: 'micrometer', selector: `${SHOP},uri!~"/actuator.*"` };
  assert.match(await judged({ ...micrometer, indicator: 'requests' }), /^pass: .*goal the least: 100 %/);
  assert.match(await judged({ ...micrometer, indicator: 'latency', atMost: '500ms' }), /^pass: /);
  const kong = { template: 'kong', selector: `${SHOP},service="shop"` };
  assert.match(await judged({ ...kong, indicator: 'requests' }), /^pass: /);
  assert.match(await judged({ ...kong, indicator: 'latency', atMost: '400ms' }), /^pass: /);
});

test('should not judge a goal between two boundaries', { skip }, async () => {
  const traefik = { template: 'traefik', selector: `${SHOP},service="shop@file"`, indicator: 'latency' };
  assert.match(
    await judged({ ...traefik, atMost: '500ms' }),
    /^inconclusive: goal: good matched 0 series: traefik_service_request_duration_seconds_bucket\{.*le="0\.5"/,
  );
  assert.match(await judged({ ...traefik, atMost: '300ms' }), /^pass: /);
});

test('should not take a metric for one without errors that is not there', { skip }, async () => {
  const selector = SHOP;
  assert.match(
    await judged({ template: 'opentelemetry-old', indicator: 'requests', selector }),
    /^inconclusive: goal: total matched 0 series: http_server_duration_milliseconds_count/,
  );
  const queries = {
    good: `plain_requests_seconds_bucket{${SHOP},le="0.5"}`,
    total: `plain_requests_seconds_count{${SHOP}}`,
  };
  assert.match(await judged({ queries }), /good matched 0 series: plain_requests_seconds_bucket/);
});

test('should not take labels of another name or shape for no errors', { skip }, async () => {
  const of = (metric: string, status: string): Record<string, unknown> => ({
    queries: { bad: `${metric}{${SHOP},${status}}`, total: `${metric}{${SHOP}}` },
  });
  assert.match(
    await judged(of('classed_requests_total', 'status="503"')),
    /^inconclusive: goal: bad matched 0 series, and no series has labels like those that it asks for/,
  );
  assert.match(await judged(of('classed_requests_total', 'status="5xx"')), /^pass: /);
  assert.match(await judged(of('coded_requests_total', 'status=~"5.."')), /bad matched 0 series/);
  assert.match(
    await judged({ template: 'kong', indicator: 'requests', selector: 'job="shop",service="shopp"' }),
    /total matched 0 series: kong_http_requests_total/,
  );
  const expression = (status: string): Record<string, unknown> => ({
    counter: false,
    bad: `sum(increase(coded_requests_total{${status}}[5s]))`,
    total: 'sum(increase(coded_requests_total[5s]))',
  });
  assert.match(await judged({ queries: expression('code="500"') }), /bad matched 0 series/);
});
