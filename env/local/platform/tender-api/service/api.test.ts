import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { telemetryOf } from '../../service-kit/telemetry.ts';
import { createApi, type Sources } from './api.ts';
import type { Tender, TenderStore } from './store.ts';

/** A store of tenders in memory. These tests are about HTTP; the integration tests use PostgreSQL. */
function memory(): Pick<TenderStore, 'add' | 'find' | 'latest'> {
  const rows: Tender[] = [];
  return {
    add: (title) => {
      if (title === 'down') return Promise.reject(new Error('connection refused'));
      rows.unshift({ id: String(rows.length + 1), title, createdAt: '2026-01-01T00:00:00.000Z' });
      return Promise.resolve(rows[0] as Tender);
    },
    find: (id) => {
      const found = rows.find((row) => row.id === id);
      return Promise.resolve(found && { ...found, status: 'accepted' as const });
    },
    latest: (limit) => Promise.resolve(rows.slice(0, limit)),
  };
}

async function withApi(
  use: (url: string, state: { ready: boolean }) => Promise<void>,
  more: { lines?: string[]; handover?: Sources['handover'] } = {},
): Promise<void> {
  const write = (line: string): void => void more.lines?.push(line);
  const telemetry = telemetryOf({ service: 'tender-api', env: {}, write });
  const sources = { store: memory(), handover: more.handover };
  const { server, state } = createApi(sources, { podName: 'tender-api-1', telemetry });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, state);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('should store, list and find tenders, and say which pod answered', async () => {
  await withApi(async (url) => {
    const stored = await fetch(`${url}/tenders`, {
      method: 'POST',
      body: JSON.stringify({ title: 'bridge' }),
    });
    assert.deepEqual([stored.status, stored.headers.get('x-plumbline-served-by')], [201, 'tender-api-1']);
    assert.equal(((await (await fetch(`${url}/tenders?limit=1`)).json()) as Tender[])[0]?.title, 'bridge');
    assert.equal((await fetch(`${url}/tenders/1`)).status, 200);
    assert.equal((await fetch(`${url}/tenders/2`)).status, 404);
  });
});

test('should echo the request’s mark and the hops in the order in which a request meets them', async () => {
  await withApi(async (url) => {
    const headers = {
      'x-plumbline-hop-gateway': 'g',
      'x-plumbline-hop-haproxy': 'h',
      'x-plumbline-mark': 'm-1',
    };
    const answer = await fetch(`${url}/healthz`, { headers });
    assert.deepEqual(
      [answer.headers.get('x-plumbline-hops'), answer.headers.get('x-plumbline-mark')],
      ['haproxy, gateway, tender-api', 'm-1'],
    );
  });
});

test('should refuse bad input with 400 and answer 503 while the database is unavailable', async () => {
  await withApi(async (url) => {
    const post = async (body: string): Promise<number> =>
      (await fetch(`${url}/tenders`, { method: 'POST', body })).status;
    const seen = [
      await post('no json'),
      await post('{"title":""}'),
      await post('{"title":"down"}'),
      (await fetch(`${url}/tenders?limit=0`)).status,
    ];
    assert.deepEqual(seen, [400, 400, 503, 400]);
  });
});

test('should report readiness from its state, and count requests', async () => {
  await withApi(async (url, state) => {
    assert.equal((await fetch(`${url}/readyz`)).status, 503);
    state.ready = true;
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.match(
      await (await fetch(`${url}/metrics`)).text(),
      /http_request_duration_seconds_count\{method="GET",route="\/readyz",status="200"\} 1/,
    );
  });
});

const json = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;

test('should hand over a stored tender with the mark of its request, and log it within the trace', async () => {
  const lines: string[] = [];
  const handed: unknown[] = [];
  const handover: Sources['handover'] = {
    accept: (tender, mark) => {
      handed.push([tender.id, mark]);
      return Promise.resolve();
    },
  };
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const use = async (url: string): Promise<void> => {
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-plumbline-mark': 'm-1' };
    const body = JSON.stringify({ title: 'bridge' });
    const answer = await fetch(`${url}/tenders`, { method: 'POST', body, headers });
    assert.deepEqual(Object.keys(await json(answer)), ['id', 'title', 'createdAt']);
    assert.equal((await json(await fetch(`${url}/tenders/1`))).status, 'accepted');
  };
  await withApi(use, { lines, handover });
  assert.deepEqual(handed, [['1', 'm-1']]);
  const line = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
  assert.deepEqual([line.trace_id, line.mark, line.msg], [trace, 'm-1', 'POST /tenders 201']);
});
