import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createDesk, type Desk, type Sources } from './desk.ts';
import type { Draft } from './drafts.ts';
import { logOf } from './log.ts';

/** Drafts in memory: these tests are about HTTP. */
function memory(): Sources['drafts'] {
  const all = new Map<string, Draft>();
  return {
    add: (subject) => {
      if (subject === 'down') return Promise.reject(new Error('connection refused'));
      const reference = `00000000-0000-4000-8000-${String(all.size + 1).padStart(12, '0')}`;
      all.set(reference, { reference, subject, state: 'QUEUED', receivedAt: '2026-01-01T00:00:00.000Z' });
      return Promise.resolve(reference);
    },
    find: (reference) => Promise.resolve(all.get(reference)),
    newest: ({ beginning, size }) =>
      Promise.resolve([...all.values()].filter(({ subject }) => subject.startsWith(beginning)).slice(-size)),
    remove: (reference) => {
      const found = all.get(reference);
      all.delete(reference);
      return Promise.resolve(found);
    },
  };
}

interface Running {
  desk: Desk;
  lines: Record<string, unknown>[];
  ask: (method: string, path: string, more?: Omit<RequestInit, 'method'>) => Promise<Response>;
  manage: (path: string) => Promise<Response>;
}

async function running(t: TestContext, tags?: Record<string, string>): Promise<Running> {
  const lines: Record<string, unknown>[] = [];
  const log = logOf('desk', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  const desk = createDesk({ drafts: memory(), log, ...(tags !== undefined && { tags }) });
  const listening = async (server: Server): Promise<string> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const [base, management] = [await listening(desk.server), await listening(desk.management)];
  t.after(() => {
    for (const server of [desk.server, desk.management]) {
      server.closeAllConnections();
      server.close();
    }
  });
  return {
    desk,
    lines,
    ask: (method, path, more) => fetch(`${base}/bids/v2${path}`, { method, ...more }),
    manage: (path) => fetch(`${management}/actuator${path}`),
  };
}

const json = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;
const subject = (text: string): { body: string } => ({ body: JSON.stringify({ subject: text }) });

test('should name what it creates by Location alone', async (t) => {
  const { ask } = await running(t);
  const answer = await ask('POST', '/drafts', subject('a bridge'));
  assert.deepEqual([answer.status, await answer.text()], [202, '']);
  const location = answer.headers.get('location') ?? '';
  assert.match(location, /^\/bids\/v2\/drafts\/[0-9a-f-]{36}$/);
  const found = await json(await ask('GET', location.replace('/bids/v2', '')));
  assert.deepEqual([found['subject'], found['state']], ['a bridge', 'QUEUED']);
  assert.ok(!('id' in found) && !('title' in found));
});

test('should list in `content`, those whose subject begins so, and at most as many as are asked for', async (t) => {
  const { ask } = await running(t);
  for (const one of ['canary 1', 'a bridge', 'canary 2']) await ask('POST', '/drafts', subject(one));
  const subjects = async (query: string): Promise<unknown[]> => {
    const { content } = await json(await ask('GET', `/drafts?${query}`));
    return (content as Draft[]).map((one) => one.subject);
  };
  assert.deepEqual(await subjects('subject=canary%20'), ['canary 1', 'canary 2']);
  assert.equal((await subjects('size=1')).length, 1);
});

test('should remove one draft, say once more that there is none, and leave the others', async (t) => {
  const { ask, lines } = await running(t);
  const made = await ask('POST', '/drafts', subject('mine'));
  await ask('POST', '/drafts', subject('theirs'));
  const path = (made.headers.get('location') ?? '').replace('/bids/v2', '');
  assert.deepEqual([(await ask('DELETE', path)).status, (await ask('DELETE', path)).status], [204, 404]);
  assert.deepEqual(
    ((await json(await ask('GET', '/drafts')))['content'] as Draft[]).map((one) => one.subject),
    ['theirs'],
  );
  assert.match(String(lines.at(-1)?.['message']), /^draft \S+ removed$/);
  assert.equal(lines.at(-1)?.['subject'], 'mine');
});

test('should repeat no header of the request, and log the trace under names of its own', async (t) => {
  const { ask, lines } = await running(t);
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { 'x-correlation-id': 'c-1', traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const answer = await ask('POST', '/drafts', { ...subject('a bridge'), headers });
  assert.doesNotMatch(JSON.stringify([...answer.headers]), /c-1|4bf92f/);
  const [line = {}] = lines;
  assert.deepEqual([line['traceId'], line['level'], line['logger_name']], [traceId, 'INFO', 'desk']);
  assert.match(String(line['spanId']), /^(?!00f067aa0ba902b7)[0-9a-f]{16}$/, 'that of its own span');
  assert.ok('@timestamp' in line && !('ts' in line) && !('msg' in line));
});

test('should refuse bad input as a problem, and answer 503 while the database does not', async (t) => {
  const { ask } = await running(t);
  const posted = await ask('POST', '/drafts', { body: 'no json' });
  assert.equal(posted.headers.get('content-type'), 'application/problem+json');
  assert.match(String((await json(posted))['detail']), /^The body must be JSON/);
  const statuses = await Promise.all([
    ask('POST', '/drafts', subject('')),
    ask('POST', '/drafts', subject('down')),
    ask('GET', '/drafts?size=0'),
    ask('PUT', '/drafts'),
    ask('GET', '/drafts/1'),
    ask('GET', '/tenders'),
  ]);
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [400, 503, 400, 405, 404, 404],
  );
});

test('should give every metric the labels that it is told', async (t) => {
  const { ask, manage } = await running(t, { namespace: 'bids', pod: 'bid-desk-1' });
  await ask('GET', '/drafts');
  const lines = (await (await manage('/prometheus')).text()).split('\n').filter((line) => /^[^#]/.test(line));
  assert.ok(lines.some((line) => line.startsWith('http_server_requests_seconds_count{')));
  for (const line of lines) assert.match(line, /[{,]namespace="bids",pod="bid-desk-1"[,}]/);
});

test('should have health and metrics on the other port, by the names of Micrometer', async (t) => {
  const { desk, ask, manage } = await running(t);
  assert.equal((await manage('/health/readiness')).status, 503);
  desk.state.ready = true;
  assert.equal((await manage('/health/readiness')).status, 200);
  assert.equal((await manage('/health/liveness')).status, 200);
  await ask('GET', '/drafts');
  await ask('GET', '/drafts/00000000-0000-4000-8000-000000000009');
  const text = await (await manage('/prometheus')).text();
  const labels = (outcome: string, status: string, uri: string): string =>
    `error="none",exception="none",method="GET",outcome="${outcome}",status="${status}",uri="${uri}"`;
  for (const line of [
    `http_server_requests_seconds_count{${labels('SUCCESS', '200', '/bids/v2/drafts')}} 1`,
    `http_server_requests_seconds_count{${labels('CLIENT_ERROR', '404', '/bids/v2/drafts/{reference}')}} 1`,
  ])
    assert.ok(text.includes(line), line);
  assert.match(text, /^http_server_requests_seconds_bucket\{le="0\.005",/m);
  assert.equal((await ask('GET', '/actuator/prometheus')).status, 404);
});
