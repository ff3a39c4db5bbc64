import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetry } from '../signals/declaration.ts';
import { SignalError } from '../signals/index.ts';
import { why } from '../signals/_testing/errors.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked, Said } from '../signals/_testing/server.ts';
import { logProbe } from './index.ts';
import type { LogProbe } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };
const FULL = 10_000;

function settings(url: string, more: object = {}) {
  const { logs } = telemetry.parse({ logs: { kind: 'elasticsearch', url, ...more } });
  assert.ok(logs !== undefined);
  return logs;
}

const whole = { keyword: { type: 'keyword', metadata_field: false, searchable: true, aggregatable: true } };
/** Field capabilities of an index whose template maps every field. */
const MAPPED = {
  indices: ['logs-1'],
  fields: {
    '@timestamp': { date: { type: 'date', metadata_field: false, searchable: true, aggregatable: true } },
    mark: whole,
    'kubernetes.namespace': whole,
    'kubernetes.pod': whole,
  },
};

const hit = (id: string, source: Record<string, unknown>) => ({ _index: 'logs-1', _id: id, _source: source });
const SOME = { '@timestamp': '2026-01-02T03:04:05.678Z', message: 'stored', mark: 'x/1' };
const page = (hits: unknown[], failed = 0, more: object = {}): Said => ({
  body: { timed_out: false, _shards: { total: 1, successful: 1 - failed, failed }, hits: { hits }, ...more },
});

/** @param asked searches alone: the mapping is answered here */
async function withProbe(
  answer: (asked: Asked) => Said,
  work: (probe: LogProbe, asked: Asked[]) => Promise<void>,
  more: object = {},
): Promise<void> {
  const searches: Asked[] = [];
  const server = await standIn((asked) => {
    if (asked.path.includes('/_field_caps')) return { body: MAPPED };
    searches.push(asked);
    return answer(asked);
  });
  const probe = logProbe(settings(server.url, more), {
    url: server.url,
    account: { user: 'plumbline', password: 'secret-word' },
  });
  try {
    await work(probe, searches);
  } finally {
    probe.close();
    await server.close();
  }
}

test('should ask by time and correlation id only, with the account, and read fields by their names', async () => {
  const source = {
    '@timestamp': '2026-01-02T03:04:05.678Z',
    message: 'stored',
    service: 'tender-api',
    trace_id: 'ab',
    mark: 'run/7',
    n: '12',
    kubernetes: { node: 'w1', namespace: 'tender', pod: 'tender-api-0' },
  };
  await withProbe(
    () => page([hit('a', source)]),
    async (probe, asked) => {
      const found = await probe.search(
        { fromMs: 1000.5, toMs: 2000.5, correlationId: 'run/', most: 10 },
        BOUNDS,
      );
      assert.deepEqual(found, [
        {
          id: 'logs-1/a',
          timeMs: Date.parse('2026-01-02T03:04:05.678Z'),
          message: 'stored',
          service: 'tender-api',
          traceId: 'ab',
          correlationId: 'run/7',
          number: 12,
          node: 'w1',
          namespace: 'tender',
          pod: 'tender-api-0',
        },
      ]);
      const [question] = asked;
      assert.match(question?.path ?? '', /^\/logs-\*\/_search\?/);
      assert.equal(
        question?.authorization,
        `Basic ${Buffer.from('plumbline:secret-word').toString('base64')}`,
      );
      const { query } = question.body as { query: { bool: { filter: unknown[] } } };
      assert.deepEqual(query.bool.filter, [
        { range: { '@timestamp': { gte: 1000, lt: 2002, format: 'epoch_millis' } } },
        { prefix: { mark: 'run/' } },
      ]);
    },
  );
});

test('should read times as text, as ms, and as ms in text, and name one that it cannot read', async () => {
  const asked = { fromMs: 0, toMs: 10, correlationId: 'x/', most: 10 };
  const at = (time: unknown) => page([hit('a', { ...SOME, '@timestamp': time })]);
  for (const time of ['2026-01-02T03:04:05.678Z', 1_767_323_045_678, '1767323045678', '1767323045678.0'])
    await withProbe(
      () => at(time),
      async (probe) => assert.equal((await probe.search(asked, BOUNDS))[0]?.timeMs, 1_767_323_045_678),
    );
  await withProbe(
    () => at('yesterday'),
    async (probe) => {
      await assert.rejects(
        probe.search(asked, BOUNDS),
        /@timestamp is "yesterday", which is no time that can be read/,
      );
    },
  );
});

test('should ask for each half of the time where more match than one answer holds', async () => {
  const full = Array.from({ length: FULL }, (_, index) => hit(`h${index}`, SOME));
  await withProbe(
    ({ body }) => {
      const range = JSON.stringify(body);
      return range.includes('"gte":0,"lt":1001') ? page(full) : page([hit(range, SOME)]);
    },
    async (probe, asked) => {
      const found = await probe.search(
        { fromMs: 0, toMs: 1000, pod: { namespace: 'a', name: 'b' }, most: 20_000 },
        BOUNDS,
      );
      assert.equal(found.length, 2);
      assert.equal(asked.length, 3);
      assert.match(JSON.stringify(asked[1]?.body), /"gte":0,"lt":500/);
      assert.match(JSON.stringify(asked[2]?.body), /"gte":500,"lt":1001/);
    },
  );
});

test('should refuse more records than are expected at most, in one answer and in its parts', async () => {
  const hits = (count: number) => Array.from({ length: count }, (_, index) => hit(`h${index}`, SOME));
  const search = { fromMs: 0, toMs: 1000, correlationId: 'x' };
  const tooMany = /more records match than the expected maximum of \d+/;
  await withProbe(
    () => page(hits(3)),
    async (probe) => {
      assert.equal((await probe.search({ ...search, most: 3 }, BOUNDS)).length, 3);
      await assert.rejects(probe.search({ ...search, most: 2 }, BOUNDS), tooMany);
    },
  );
  const halves = ({ body }: Asked): Said =>
    page(hits(JSON.stringify(body).includes('"gte":0,"lt":1001') ? FULL : 6_000));
  await withProbe(halves, async (probe) => {
    assert.equal((await probe.search({ ...search, most: 12_000 }, BOUNDS)).length, 12_000);
    await assert.rejects(probe.search({ ...search, most: 11_999 }, BOUNDS), tooMany);
  });
});

test('should refuse an answer of which a part is missing, an account that is not accepted, and a server that is not there', async () => {
  const search = { fromMs: 0, toMs: 1, correlationId: 'x', most: 1 };
  const reasonOf = (reason: string) => (error: unknown) =>
    error instanceof SignalError && error.reason === reason;
  await withProbe(
    () => page([], 1),
    (probe) => assert.rejects(probe.search(search, BOUNDS), reasonOf('failed')),
  );
  await withProbe(
    () => page([hit('a', SOME)], 0, { _shards: { total: 2, successful: 1, skipped: 0, failed: 0 } }),
    (probe) =>
      assert.rejects(
        probe.search(search, BOUNDS),
        why(/^failed: .*the answer is partial: 1 of 2 shards not available$/),
      ),
  );
  await withProbe(
    () => ({ status: 401, body: {} }),
    (probe) => assert.rejects(probe.search(search, BOUNDS), reasonOf('refused')),
  );
  await withProbe(
    () => ({ body: 'no JSON' }),
    (probe) => assert.rejects(probe.search(search, BOUNDS), reasonOf('unreachable')),
  );
  const gone = logProbe(settings('http://127.0.0.1:1'), { url: 'http://127.0.0.1:1' });
  await assert.rejects(gone.search(search, BOUNDS), reasonOf('unreachable'));
  gone.close();
});

test('should demand an answer of all shards, and take one whose skipped shards can hold nothing of it', async () => {
  const search = { fromMs: 0, toMs: 1, correlationId: 'x', most: 1 };
  await withProbe(
    () => page([hit('a', SOME)], 0, { _shards: { total: 3, successful: 3, skipped: 2, failed: 0 } }),
    async (probe, asked) => {
      assert.equal((await probe.search(search, BOUNDS)).length, 1);
      assert.match(asked[0]?.path ?? '', /[?&]allow_partial_search_results=false(&|$)/);
    },
  );
});

test('should refuse an answer that leaves out a remote cluster or a part of one, and take one of all clusters', async () => {
  const search = { fromMs: 0, toMs: 1, correlationId: 'x', most: 1 };
  const of = (counts: object) => page([hit('a', SOME)], 0, { _clusters: { total: 2, ...counts } });
  const all = { successful: 2, skipped: 0, running: 0, partial: 0, failed: 0 };
  for (const whole of [all, { successful: 2, skipped: 0 }])
    await withProbe(
      () => of(whole),
      async (probe) => assert.equal((await probe.search(search, BOUNDS)).length, 1),
    );
  for (const state of ['skipped', 'partial', 'failed'])
    await withProbe(
      () => of({ ...all, successful: 1, [state]: 1 }),
      (probe) =>
        assert.rejects(
          probe.search(search, BOUNDS),
          why(new RegExp(`^failed: .*the answer is partial: 1 of 2 clusters ${state}$`)),
        ),
    );
});
