import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { telemetryOf } from '../../service-kit/telemetry.ts';
import { createApi, type Sources } from './api.ts';
import { Busy, Generator } from './generator.ts';
import type { Job, JobStore } from './jobs.ts';
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

/** A store of jobs in memory, with the rules of JobStore's queries. */
function jobsInMemory(): Pick<JobStore, 'start' | 'finish' | 'find'> & { down: boolean } {
  const jobs = new Map<string, Job>();
  const store = {
    down: false,
    start: (tender: string): Promise<Job | undefined> => {
      if (store.down) return Promise.reject(new Error('connection refused'));
      if (tender !== '1') return Promise.resolve(undefined);
      const job: Job = { id: String(jobs.size + 1), tender, status: 'pending' };
      jobs.set(job.id, job);
      return Promise.resolve(job);
    },
    finish: (id: string, end: { text: string } | 'failed'): Promise<void> => {
      const job = jobs.get(id);
      if (store.down || job === undefined) return Promise.reject(new Error('connection refused'));
      jobs.set(id, end === 'failed' ? { ...job, status: 'failed' } : { ...job, status: 'done', ...end });
      return Promise.resolve();
    },
    find: (id: string) => Promise.resolve(jobs.get(id)),
  };
  return store;
}

async function withApi(
  use: (url: string, state: { ready: boolean }) => Promise<void>,
  generator: Pick<Generator, 'start' | 'find'> = new Generator(jobsInMemory(), { delayMs: 0 }),
  more: { lines?: string[]; handover?: Sources['handover'] } = {},
): Promise<void> {
  const write = (line: string): void => void more.lines?.push(line);
  const telemetry = telemetryOf({ service: 'tender-api', env: {}, write });
  const sources = { store: memory(), generator, handover: more.handover };
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

test('should accept a generation at once, and return its text later', async () => {
  const model = Promise.withResolvers<string>();
  const generator = new Generator(jobsInMemory(), { delayMs: 0, model: () => model.promise });
  await withApi(async (url) => {
    const taken = await fetch(`${url}/tenders/1/generate`, { method: 'POST' });
    assert.equal(taken.status, 202);
    assert.deepEqual(await json(taken), { id: '1', tender: '1', status: 'pending', llm: 'stubbed' });
    assert.equal((await json(await fetch(`${url}/jobs/1`))).status, 'pending');
    model.resolve('A draft.');
    await generator.idle();
    const expected = { id: '1', tender: '1', status: 'done', text: 'A draft.', llm: 'stubbed' };
    assert.deepEqual(await json(await fetch(`${url}/jobs/1`)), expected);
  }, generator);
});

test('should refuse generations for unknown tenders, with another method, or too many', async () => {
  await withApi(async (url) => {
    const statuses = [
      (await fetch(`${url}/tenders/2/generate`, { method: 'POST' })).status,
      (await fetch(`${url}/tenders/1/generate`)).status,
      (await fetch(`${url}/jobs/7`)).status,
      (await fetch(`${url}/jobs/x`)).status,
      (await fetch(`${url}/tenders/1/generate/more`, { method: 'POST' })).status,
    ];
    assert.deepEqual(statuses, [404, 405, 404, 404, 404]);
  });
  const busy = { start: () => Promise.reject(new Busy('500 texts')), find: () => Promise.resolve(undefined) };
  await withApi(async (url) => {
    assert.equal((await fetch(`${url}/tenders/1/generate`, { method: 'POST' })).status, 429);
  }, busy);
});

test('should accept no more jobs than its limit', async () => {
  const model = Promise.withResolvers<string>();
  const generator = new Generator(jobsInMemory(), { delayMs: 0, model: () => model.promise });
  for (let n = 0; n < 500; n++) await generator.start('1');
  await assert.rejects(generator.start('1'), Busy);
  model.resolve('A draft.');
  await generator.idle();
  assert.ok(await generator.start('1'));
  await generator.idle();
});

test('should answer 503 while the database is unavailable, stay ready, and survive a job that cannot be written', async () => {
  const jobs = jobsInMemory();
  const model = Promise.withResolvers<string>();
  const generator = new Generator(jobs, { delayMs: 0, model: () => model.promise });
  await withApi(async (url, state) => {
    state.ready = true;
    assert.equal((await fetch(`${url}/tenders/1/generate`, { method: 'POST' })).status, 202);
    jobs.down = true;
    assert.equal((await fetch(`${url}/tenders/1/generate`, { method: 'POST' })).status, 503);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    model.resolve('A draft that no one can keep.');
    await generator.idle();
    assert.equal(
      (await json(await fetch(`${url}/jobs/1`))).status,
      'pending',
      'the job will fail by its deadline',
    );
  }, generator);
});

test('should answer after the delay of the stub, with the number of the tender', async () => {
  const jobs = jobsInMemory();
  const generator = new Generator(jobs, { delayMs: 50 });
  const began = performance.now();
  await generator.start('1');
  await generator.idle();
  assert.ok(performance.now() - began >= 49);
  assert.equal((await jobs.find('1'))?.text, 'Draft of tender 1.');
});

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
  await withApi(use, undefined, { lines, handover });
  assert.deepEqual(handed, [['1', 'm-1']]);
  const line = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
  assert.deepEqual([line.trace_id, line.mark, line.msg], [trace, 'm-1', 'POST /tenders 201']);
});
