import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { DEFAULT_TIMEOUTS } from '../../../env/schema.ts';
import { acceptedRun } from '../../../reports/_testing/accepted.ts';
import { drillRecord, fixtureCheck, fixtureRecord } from '../../../reports/render/_testing/fixture.ts';
import { groupUrl } from './pushgateway.ts';
import { sendTelemetry } from './index.ts';
import type { Surroundings } from './index.ts';
import { spansOf } from './spans.ts';
import type { SpanPlan } from './spans.ts';

const secret = (): Promise<string> => Promise.resolve('hush');
interface Taken {
  method: string;
  path: string;
  type: string;
  account: string;
  body: string;
}

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Takes what is sent, as a collector or a Pushgateway would; `answer` may do otherwise. */
async function takes(
  answer: (response: ServerResponse) => void = (response) => void response.end('{}'),
): Promise<{ url: string; taken: Taken[] }> {
  const taken: Taken[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    taken.push({
      method: request.method ?? '',
      path: request.url ?? '',
      type: request.headers['content-type'] ?? '',
      account: request.headers.authorization ?? '',
      body: Buffer.concat(parts).toString(),
    });
    answer(response);
  };
  const server = createServer((request, response) => void handle(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

function around(telemetry: Surroundings['telemetry'], seconds = 5): Surroundings {
  return { telemetry, timeouts: { ...DEFAULT_TIMEOUTS, telemetrySend: { seconds, reason: 'a test' } } };
}

interface Sent {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string } }[];
  status: { code: number; message?: string };
}

/** Of OTLP's JSON. */
function sentSpans(taken: readonly Taken[]): Sent[] {
  return taken.flatMap(({ body }) => {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: Sent[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

function attribute(span: Sent, key: string): string | undefined {
  return span.attributes.find((one) => one.key === key)?.value.stringValue;
}

function flat(plan: SpanPlan): SpanPlan[] {
  return [plan, ...plan.children.flatMap(flat)];
}

const STEPS = [
  { title: 'look', durationMs: 1000, startedAt: '2026-11-24T17:02:31.000Z' },
  { title: 'without a start', durationMs: 1000 },
];

describe('a run as a trace', () => {
  it('should be run, suite, check and phase, each within the one above', () => {
    const record = fixtureRecord([fixtureCheck('topology/nodes/pools', { steps: STEPS })]);
    const run = spansOf(record);
    const [suite] = run.children;
    const [check] = suite?.children ?? [];
    assert.equal(run.kind, 'server');
    assert.equal(run.name, 'RUN plumbline spine');
    assert.equal(suite?.name, 'suite topology');
    assert.equal(check?.name, 'topology/nodes/pools');
    assert.deepEqual(
      check.children.map(({ name, endMs, startMs }) => [name, endMs - startMs]),
      [['look', 1000]],
    );
    assert.equal(check.attributes['test.case.result.status'], 'pass');
    assert.equal(check.attributes['cicd.pipeline.task.run.result'], 'success');
  });

  it('should call a failure one, and give no status of a test to what says nothing', () => {
    const all = flat(spansOf(acceptedRun('not-met')));
    const failed = all.find(({ attributes }) => attributes['test.case.result.status'] === 'fail');
    assert.ok(failed?.error);
    assert.equal(failed.attributes['error.type'], 'fail');
    const [open] = spansOf(
      fixtureRecord([fixtureCheck('topology/nodes/pools', { verdict: 'inconclusive', reason: 'silence' })]),
    ).children.flatMap(({ children }) => children);
    assert.equal(open?.attributes['test.case.result.status'], undefined);
    assert.equal(open?.attributes['plumbline.verdict'], 'inconclusive');
    assert.equal(open.error, 'silence');
  });

  it('should show outages and phases of a trial, and no span for what was not run', () => {
    const all = flat(spansOf(acceptedRun('met')));
    const drill = all.find(({ name }) => name === 'failover/postgres/pod-crash');
    assert.ok(drill?.events.some(({ name }) => name === 'elected'));
    assert.ok(drill?.children.some(({ name }) => name === 'outage of postgres'));
    assert.ok(all.every(({ attributes }) => attributes['plumbline.verdict'] !== 'not-run'));
  });

  it('should leave out phases of a long series, and say how many', () => {
    const steps = Array.from({ length: 6000 }, (_, i) => ({ ...STEPS[0]!, title: `step ${i}` }));
    const run = spansOf(fixtureRecord([fixtureCheck('topology/nodes/pools', { steps })]));
    assert.equal(flat(run).length, 5000);
    assert.equal(run.attributes['plumbline.spans_left_out'], 1003);
    assert.ok(flat(spansOf(drillRecord())).length < 5000);
  });
});

describe('what is sent after a run', () => {
  it('should send nothing where nothing is declared', async () => {
    assert.deepEqual(await sendTelemetry(acceptedRun('met'), around(undefined), { secret }), []);
    assert.deepEqual(await sendTelemetry(acceptedRun('met'), around({}), { secret }), []);
  });

  it('should send one trace over OTLP, below what started the run', async () => {
    const { url, taken } = await takes();
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const notices = await sendTelemetry(
      acceptedRun('met'),
      around({ otlp: { url: `${url}/`, token: { env: 'UNUSED' } } }),
      { secret, parent: `00-${traceId}-${spanId}-01` },
    );
    assert.deepEqual(notices, []);
    assert.ok(taken.every(({ method, path }) => method === 'POST' && path === '/v1/traces'));
    assert.ok(taken.every(({ account }) => account === 'Bearer hush'));
    const spans = sentSpans(taken);
    assert.equal(spans.length, flat(spansOf(acceptedRun('met'))).length);
    assert.ok(spans.every((span) => span.traceId === traceId));
    const root = spans.find(({ parentSpanId }) => parentSpanId === spanId);
    assert.equal(root?.name, 'RUN plumbline spine');
    assert.equal(attribute(root, 'cicd.pipeline.result'), 'success');
    const millis = BigInt(root.startTimeUnixNano) / 1_000_000n;
    assert.equal(Number(millis), Date.parse(acceptedRun('met').startedAt));
    const ids = new Set(spans.map((span) => span.spanId));
    assert.ok(spans.every(({ parentSpanId = '' }) => ids.has(parentSpanId) || parentSpanId === spanId));
  });

  it('should begin a trace of its own where nothing, or nonsense, started it', async () => {
    const { url, taken } = await takes();
    for (const parent of [undefined, 'nonsense'])
      assert.deepEqual(
        await sendTelemetry(acceptedRun('met'), around({ otlp: { url } }), { secret, parent }),
        [],
      );
    const roots = sentSpans(taken).filter(({ parentSpanId }) => (parentSpanId ?? '') === '');
    assert.equal(roots.length, 2);
    assert.equal(new Set(roots.map(({ traceId }) => traceId)).size, 2);
  });

  it('should put metrics into the group of environment and profile, without a run id', async () => {
    const { url, taken } = await takes();
    const record = acceptedRun('met');
    assert.deepEqual(
      await sendTelemetry(
        record,
        around({ pushgateway: { url, user: 'push', password: { env: 'UNUSED' } } }),
        {
          secret,
        },
      ),
      [],
    );
    const [put] = taken;
    assert.equal(put?.method, 'PUT');
    assert.equal(put.path, '/metrics/job/plumbline/environment/local/profile/spine');
    assert.equal(put.account, `Basic ${Buffer.from('push:hush').toString('base64')}`);
    assert.match(put.type, /^text\/plain; version=0\.0\.4/);
    assert.match(put.body, /^plumbline_run_verdict\{.*verdict="pass".*\} 1$/m);
    assert.doesNotMatch(put.body, /# EOF/);
    assert.ok(put.body.endsWith('\n'));
    assert.ok(!put.body.includes(record.id) && !put.path.includes(record.id));
    assert.equal(
      groupUrl('http://gateway/', { ...record, profile: 'a/b' }),
      'http://gateway/metrics/job/plumbline/environment/local/profile@base64/YS9i',
    );
    assert.match(groupUrl('http://gateway', { ...record, profile: null }), /profile\/none$/);
  });

  it('should say what could not be sent and why, and nothing else', async () => {
    const refusing = await takes((response) => void response.writeHead(400).end('no such thing'));
    const notices = await sendTelemetry(
      acceptedRun('met'),
      around({ otlp: { url: refusing.url }, pushgateway: { url: 'http://127.0.0.1:1' } }),
      { secret },
    );
    assert.equal(notices.length, 2);
    assert.match(notices[0] ?? '', /the trace of this run could not be sent to http/);
    assert.match(
      notices[1] ?? '',
      /the metrics of this run could not be sent to http:\/\/127\.0\.0\.1:1: ECONNREFUSED/,
    );
  });

  it('should reach a receiver at another address than its name says', async () => {
    const { url, taken } = await takes();
    const address = new URL(url).host;
    const named = { url: 'http://collector.example.test:4318', address };
    const notices = await sendTelemetry(acceptedRun('met'), around({ otlp: named, pushgateway: named }), {
      secret,
    });
    assert.deepEqual(notices, []);
    assert.deepEqual(taken.map(({ path }) => path).toSorted(), [
      '/metrics/job/plumbline/environment/local/profile/spine',
      '/v1/traces',
    ]);
  });

  it('should not wait longer than it may for one that never answers', async () => {
    const silent = await takes(() => undefined);
    const startedMs = performance.now();
    const { url } = silent;
    const notices = await sendTelemetry(
      acceptedRun('met'),
      around({ otlp: { url }, pushgateway: { url } }, 0.3),
      {
        secret,
      },
    );
    assert.equal(notices.length, 2);
    assert.ok(performance.now() - startedMs < 2000);
  });
});
