/**
 * Mappings as Elasticsearch 9 and OpenSearch 3 tell them by `_field_caps` (their documentation, "Field capabilities"; the forms were compared
 * with what both servers answered to tests/stores/logs.itest.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetry } from '../signals/declaration.ts';
import { SignalError } from '../signals/index.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked } from '../signals/_testing/server.ts';
import { logProbe } from './index.ts';
import type { LogSearch } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };
const SEARCH = { fromMs: 1_000, toMs: 2_000, correlationId: 'run/', most: 10 };

const of = (...types: string[]) =>
  Object.fromEntries(
    types.map((type) => [
      type,
      { type, metadata_field: false, searchable: true, aggregatable: type !== 'text' },
    ]),
  );
const object = { object: { type: 'object', metadata_field: false, searchable: false, aggregatable: false } };
type Fields = Record<string, object>;
const TIME: Fields = { '@timestamp': of('date') };

interface Store {
  fields: Fields;
  /** Indices with something young; default: one. */
  indices?: string[];
  hits?: object[];
  declared?: object;
  search?: LogSearch;
}

/** What was asked of a store, after one search. */
async function searched(of: Store): Promise<Asked[]> {
  const { fields, indices = ['logs-1'], hits = [], declared = {}, search = SEARCH } = of;
  const server = await standIn(({ path }) => {
    const index = decodeURIComponent(path.split('/')[1] ?? '');
    if (path.includes('/_field_caps'))
      return { body: { indices: index === '*' ? ['app-1', 'app-2'] : indices, fields } };
    const found = hits.map((_source, at) => ({ _index: 'logs-1', _id: String(at), _source }));
    return {
      body: { timed_out: false, _shards: { total: 1, successful: 1, failed: 0 }, hits: { hits: found } },
    };
  });
  const { logs } = telemetry.parse({ logs: { kind: 'opensearch', url: server.url, ...declared } });
  const probe = logProbe(logs ?? assert.fail('no logs'), { url: server.url });
  try {
    await probe.search(search, BOUNDS);
    return server.asked;
  } finally {
    probe.close();
    await server.close();
  }
}

/** The condition on the correlation id. */
async function condition(store: Store): Promise<unknown> {
  const asked = await searched(store);
  const { query } = asked.at(-1)?.body as { query: { bool: { filter: unknown[] } } };
  return query.bool.filter[1];
}

async function why(store: Store): Promise<string> {
  const error = await searched(store).then(
    () => assert.fail('it searched'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SignalError, String(error));
  return `${error.reason}: ${error.message}`;
}

test('should ask once for the mapping of the indices with something young, by the right to read alone', async () => {
  const [mapping, search, ...more] = await searched({ fields: { ...TIME, mark: of('keyword') } });
  assert.deepEqual(more, []);
  assert.match(
    mapping?.path ?? '',
    /^\/logs-\*\/_field_caps\?ignore_unavailable=true&allow_no_indices=true&include_unmapped=true&fields=/,
  );
  assert.deepEqual(mapping?.body, {
    index_filter: { range: { '@timestamp': { gte: 1_000, format: 'epoch_millis' } } },
  });
  assert.match(search?.path ?? '', /\/_search\?/);
});

test('should search a field that is kept whole by its own name', async () => {
  assert.deepEqual(await condition({ fields: { ...TIME, mark: of('keyword') } }), {
    prefix: { mark: 'run/' },
  });
});

test('should search a text by its sub-field for keywords, as dynamic mappings have it', async () => {
  const dynamic = { ...TIME, mark: of('text'), 'mark.keyword': of('keyword') };
  assert.deepEqual(await condition({ fields: dynamic }), { prefix: { 'mark.keyword': 'run/' } });
});

test('should search by no name that some of the indices with the field do not have, and say the types', async () => {
  const type = (name: string, ...indices: string[]) => ({
    [name]: { type: name, searchable: name !== 'unmapped', aggregatable: false, indices },
  });
  const differ = (mark: object, sub: object) => ({ ...TIME, mark, 'mark.keyword': sub });
  const indices = ['logs-1', 'logs-2', 'logs-3'];
  const words = { ...type('text', 'logs-1', 'logs-2'), ...type('unmapped', 'logs-3') };
  const one = { ...type('keyword', 'logs-1'), ...type('unmapped', 'logs-2', 'logs-3') };
  assert.match(
    await why({ fields: differ(words, one), indices }),
    /^failed: .*correlationId\.source takes .*; `mark` is text in logs-1, logs-2; `mark\.keyword` is keyword in logs-1$/,
  );
  const both = { ...type('keyword', 'logs-1', 'logs-2'), ...type('unmapped', 'logs-3') };
  assert.deepEqual(await condition({ fields: differ(words, both), indices }), {
    prefix: { 'mark.keyword': 'run/' },
  });
  const mixed = { ...type('text', 'logs-1'), ...type('keyword', 'logs-2', 'logs-3') };
  assert.match(
    await why({ fields: differ(mixed, one), indices }),
    /`mark` is text in logs-1 and keyword in logs-2, logs-3; `mark\.keyword` is keyword in logs-1$/,
  );
});

test('should search by the declared name, and read where the source is declared', async () => {
  const declared = { fields: { correlationId: { source: 'json.mark', query: 'request_id' } } };
  const fields = { ...TIME, request_id: of('keyword') };
  assert.deepEqual(await condition({ fields, declared }), { prefix: { request_id: 'run/' } });
});

test('should say of a field that is not there what is, and that the first record may bring it', async () => {
  const said = await why({ fields: { ...TIME, request_mark: of('keyword'), level: of('keyword') } });
  assert.match(
    said,
    /^absent: .*no field `mark` \(telemetry\.logs\.fields\.correlationId\.source\) in logs-\*; there is request_mark, @timestamp, level$/,
  );
});

test('should say of a field that is cut into words or not indexed that it cannot be searched', async () => {
  const said =
    /^failed: .*searching telemetry\.logs\.fields\.correlationId\.source takes a field that is kept whole \(keyword\), under one name in all indices that have it; /;
  const words = await why({ fields: { ...TIME, mark: of('text') } });
  assert.match(words, said);
  assert.match(words, /`mark` is text; `mark\.keyword` is not there$/);
  const unindexed = { keyword: { type: 'keyword', searchable: false, aggregatable: false } };
  assert.match(
    await why({ fields: { ...TIME, mark: unindexed } }),
    /`mark` is keyword that is not searchable; /,
  );
});

test('should want a date for the time', async () => {
  const said = await why({ fields: { '@timestamp': of('long'), mark: of('keyword') } });
  assert.match(said, /^failed: .*fields\.time\.source takes a date, .*; `@timestamp` is long$/);
});

test('should name the indices that are there where none is called so', async () => {
  assert.match(
    await why({ fields: {}, indices: [] }),
    /^failed: .*no index is called logs-\* \(telemetry\.logs\.index\); there is app-1, app-2$/,
  );
});

test('should say where records have what none has at the declared place', async () => {
  const fields = { ...TIME, mark: of('keyword') };
  const record = { '@timestamp': '2026-01-02T03:04:05Z', json: { mark: 'run/1' }, message: 'x' };
  const said = await why({ fields, hits: [record] });
  assert.match(
    said,
    /^absent: .*no record has `mark` \(telemetry\.logs\.fields\.correlationId\.source\); such a value stands at `json\.mark`$/,
  );
  const timeless = { time: '2026-01-02T03:04:05Z', mark: 'run/1' };
  assert.match(
    await why({ fields, hits: [timeless] }),
    /no record has `@timestamp` .*; a record has time, mark$/,
  );
});

test('should search by the beginning of a trace id as it does by a correlation id', async () => {
  const search = { fromMs: 1_000, toMs: 2_000, traceId: '0af7651916cd43dd', most: 10 };
  const fields = { ...TIME, trace: object, 'trace.id': of('text'), 'trace.id.keyword': of('keyword') };
  const declared = { fields: { traceId: 'trace.id' } };
  assert.deepEqual(await condition({ fields, declared, search }), {
    prefix: { 'trace.id.keyword': '0af7651916cd43dd' },
  });
  const record = { '@timestamp': '2026-01-02T03:04:05Z', log: { trace: '0af7651916cd43dd8448eb211c80319c' } };
  assert.match(
    await why({ fields, declared, search, hits: [record] }),
    /^absent: .*no record has `trace\.id` \(telemetry\.logs\.fields\.traceId\.source\); such a value stands at `log\.trace`$/,
  );
  assert.match(
    await why({ fields: TIME, declared, search }),
    /^absent: .*no field `trace\.id` \(telemetry\.logs\.fields\.traceId\.source\)/,
  );
});
