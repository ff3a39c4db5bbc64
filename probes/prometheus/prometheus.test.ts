/**
 * The server of these tests is a stub that answers as documented for the HTTP API of Prometheus 3.5
 * (https://prometheus.io/docs/prometheus/latest/querying/api/); it evaluates nothing.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { SignalError } from '../signals/index.ts';
import type { SignalReason } from '../signals/index.ts';
import { PrometheusClient } from './index.ts';
import type { PrometheusOptions } from './index.ts';

interface Asked {
  method: string;
  url: string;
  form: URLSearchParams;
  headers: IncomingMessage['headers'];
}

type Answer = (asked: Asked, response: ServerResponse) => void;

async function withServer(
  answer: Answer,
  use: (client: PrometheusClient, asked: Asked[], port: number) => Promise<void>,
  options: Partial<PrometheusOptions> = {},
): Promise<void> {
  const asked: Asked[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const one = { method: request.method ?? '', url: request.url ?? '', form, headers: request.headers };
    asked.push(one);
    answer(one, response);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const url = `http://127.0.0.1:${port}`;
    await use(new PrometheusClient({ url, deadlineMs: 2000, ...options }), asked, port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
const success = (data: unknown, more: object = {}) => ({ status: 'success', data, ...more });
const matrix = (...result: unknown[]) => success({ resultType: 'matrix', result });

async function reasonOf(answer: Answer, options: Partial<PrometheusOptions> = {}): Promise<SignalError> {
  let found: unknown;
  await withServer(
    answer,
    async (client) => {
      found = await client.query('up').catch((error: unknown) => error);
    },
    options,
  );
  assert.ok(found instanceof SignalError, String(found));
  return found;
}

describe('PrometheusClient', () => {
  it('should read vectors, scalars and values that are no numbers', async () => {
    const results = [
      {
        resultType: 'vector',
        result: [
          { metric: { job: 'a' }, value: [1.5, '2'] },
          { metric: {}, value: [1.5, 'NaN'] },
        ],
      },
      { resultType: 'scalar', result: [2, '+Inf'] },
    ];
    await withServer(
      (_, response) => json(response, success(results.shift())),
      async (client, asked) => {
        assert.deepEqual(await client.query('up', { atMs: 1500 }), [
          { labels: { job: 'a' }, points: [[1500, 2]] },
          { labels: {}, points: [[1500, null]] },
        ]);
        assert.deepEqual(await client.query('scalar(up)'), [{ labels: {}, points: [[2000, null]] }]);
        assert.deepEqual(
          [asked[0]?.method, asked[0]?.url, asked[0]?.form.get('time')],
          ['POST', '/api/v1/query', '1.500'],
        );
        assert.equal(asked[1]?.form.has('time'), false);
      },
    );
  });

  it('should ask for raw samples in parts, and take those at the seams once', async () => {
    await withServer(
      ({ form }, response) => {
        const end = Number(form.get('time'));
        const values = [end - 60, end - 30, end].map((t) => [t, String(t)]);
        json(response, matrix({ metric: { instance: 'a' }, values }));
      },
      async (client, asked) => {
        const [series] = await client.samples('up{job="a"}', { fromMs: 0, toMs: 180_000, partMs: 60_000 });
        assert.deepEqual(
          asked.map(({ form }) => form.get('query')),
          Array.from({ length: 3 }, () => 'up{job="a"}[60000ms]'),
        );
        assert.deepEqual(
          series?.points.map(([t]) => t),
          [0, 30, 60, 90, 120, 150, 180].map((t) => t * 1000),
        );
      },
    );
  });

  it('should list targets, rules and series', async () => {
    const target = {
      discoveredLabels: {},
      labels: { job: 'tender-api' },
      scrapeUrl: 'http://a',
      globalUrl: '',
      lastError: 'refused',
      lastScrapeDuration: 0.1,
      health: 'down',
    };
    const rule = {
      type: 'alerting',
      name: 'Burns',
      query: 'up == 0',
      health: 'ok',
      state: 'firing',
      alerts: [],
      duration: 0,
    };
    await withServer(
      ({ url, form }, response) => {
        if (url.startsWith('/api/v1/targets'))
          json(response, success({ activeTargets: [target], droppedTargets: [] }));
        else if (url === '/api/v1/rules')
          json(response, success({ groups: [{ name: 'g', file: 'f', interval: 30, rules: [rule] }] }));
        else json(response, success(form.getAll('match[]').map((name) => ({ __name__: name }))));
      },
      async (client, asked) => {
        assert.deepEqual(
          (await client.targets()).map(({ health, lastError }) => [health, lastError]),
          [['down', 'refused']],
        );
        assert.equal((await client.rules())[0]?.rules[0]?.state, 'firing');
        assert.deepEqual(await client.series(['up', 'down'], { fromMs: 0, toMs: 1000 }), [
          { __name__: 'up' },
          { __name__: 'down' },
        ]);
        assert.equal(asked[0]?.method, 'GET');
      },
    );
  });

  it('should keep its connection from question to question, until it is closed', async () => {
    const ports = new Set<number>();
    const answer = (_: Asked, response: ServerResponse): void => {
      ports.add(response.req.socket.remotePort ?? 0);
      json(response, success({ resultType: 'vector', result: [] }));
    };
    await withServer(answer, async (client) => {
      for (let count = 0; count < 5; count += 1) await client.query('up');
      assert.equal(ports.size, 1);
      client.close();
      await client.query('up');
      assert.equal(ports.size, 2);
    });
  });

  it('should send an account or a token, and go to another address under the same name', async () => {
    const empty: Answer = (_, response) => json(response, success({ resultType: 'vector', result: [] }));
    await withServer(
      empty,
      async (client, asked) => {
        await client.query('up');
        assert.equal(asked[0]?.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
      },
      { account: { user: 'u', password: 'p' } },
    );
    await withServer(empty, async (_, asked, port) => {
      const client = new PrometheusClient({
        url: 'http://prometheus.example.test/base/',
        address: `127.0.0.1:${port}`,
        token: 't',
        deadlineMs: 2000,
      });
      await client.query('up');
      assert.deepEqual(
        [asked[0]?.headers.authorization, asked[0]?.headers.host, asked[0]?.url],
        ['Bearer t', 'prometheus.example.test', '/base/api/v1/query'],
      );
    });
  });
});

describe('an error of Prometheus', () => {
  const error =
    (status: number, errorType: string, text: string): Answer =>
    (_, response) =>
      json(response, { status: 'error', errorType, error: text }, status);

  it('should tell what went wrong', async () => {
    const cases: [Answer, SignalReason, RegExp][] = [
      [
        error(400, 'bad_data', 'invalid parameter "query": 1:1: parse error'),
        'bad query',
        /bad_data \(400\): invalid parameter/,
      ],
      [
        error(
          422,
          'execution',
          'query processing would load too many samples into memory in query execution',
        ),
        'too much',
        /too many samples/,
      ],
      [
        error(
          400,
          'bad_data',
          'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution',
        ),
        'too much',
        /maximum resolution/,
      ],
      [error(503, 'timeout', 'query timed out in expression evaluation'), 'failed', /timeout \(503\)/],
      [(_, response) => response.writeHead(401).end('Unauthorized'), 'refused', /refused \(401\)/],
      [
        (_, response) => response.writeHead(503).end('Service Unavailable'),
        'failed',
        /status 503, not an answer of Prometheus/,
      ],
      [
        (_, response) => response.end('another server'),
        'unreachable',
        /not an answer of Prometheus: another server/,
      ],
      [
        (_, response) => json(response, success({ resultType: 'vector', result: 5 })),
        'unreachable',
        /the answer is not as documented/,
      ],
      [
        (_, response) =>
          json(response, success({ resultType: 'vector', result: [] }, { warnings: ['store b is away'] })),
        'partial',
        /partial: store b is away/,
      ],
      [(_, response) => response.destroy(), 'unreachable', /ECONNRESET/],
    ];
    for (const [answer, reason, message] of cases) {
      const found = await reasonOf(answer);
      assert.equal(found.reason, reason);
      assert.match(found.message, message);
    }
  });

  it('should not contain a secret', async () => {
    const found = await reasonOf((_, response) => response.writeHead(403).end(), {
      account: { user: 'u', password: 'hunter2' },
    });
    assert.doesNotMatch(`${found.message} ${String(found.stack)}`, /hunter2/);
  });

  it('should read no more than it was told to', async () => {
    const found = await reasonOf((_, response) => response.end('x'.repeat(100_000)), { maxBytes: 10_000 });
    assert.deepEqual([found.reason, /longer than 10000 bytes$/.test(found.message)], ['too much', true]);
  });

  it('should give up at its deadline, on an answer that never comes or never ends', async () => {
    for (const answer of [
      () => undefined,
      (_: Asked, response: ServerResponse) => void response.write('{'),
    ] satisfies Answer[]) {
      const found = await reasonOf(answer, { deadlineMs: 100 });
      assert.deepEqual([found.reason, /no answer within 100 ms/.test(found.message)], ['unreachable', true]);
    }
  });

  it('should stop when the caller does, with the reason of the caller', async () => {
    await withServer(
      () => undefined,
      async (client) => {
        const controller = new AbortController();
        const asked = client.query('up', { signal: controller.signal });
        controller.abort(new Error('the run was interrupted'));
        await assert.rejects(asked, /the run was interrupted/);
        await assert.rejects(client.targets({ signal: controller.signal }), /the run was interrupted/);
      },
    );
  });

  it('should say that nobody listens', async () => {
    let port = 0;
    await withServer(
      () => undefined,
      (_, __, used) => {
        port = used;
        return Promise.resolve();
      },
    );
    const client = new PrometheusClient({ url: `http://127.0.0.1:${port}`, deadlineMs: 1000 });
    await assert.rejects(client.query('up'), (found: SignalError) => {
      assert.deepEqual([found.reason, found.status], ['unreachable', null]);
      assert.match(found.message, /ECONNREFUSED/);
      return true;
    });
  });
});
