import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from '@elastic/elasticsearch';
import { errorClass, isMissing, isDefiniteFailure, DEFINITE_FAILURE_NAMES } from './errors.ts';
import { readBack } from './readback.ts';
import { ElasticsearchLoadClient } from './session.ts';
import { millisOf } from '../store/recorded.ts';
import { expectedWindow, governingSettings } from './settings.ts';
import { connection, serving, targetOf } from './_testing/server.ts';
import { nearest, vectorQuery } from './vectors.ts';
import { primaryOf, viewOf } from './view.ts';

const refusal = (statusCode: number, type: string | null): errors.ResponseError =>
  new errors.ResponseError({
    statusCode,
    body: type === null ? '<html>' : { error: { type, reason: 'secret' } },
    headers: {},
    warnings: null,
    meta: {} as never,
  });

test('should take for definite failures only what was refused before it reached the shard', () => {
  for (const [status, type] of [
    [400, 'document_parsing_exception'],
    [401, null],
    [403, 'cluster_block_exception'],
    [404, 'index_not_found_exception'],
  ] as const)
    assert.equal(isDefiniteFailure(refusal(status, type)), true, `${status} ${type ?? ''}`);
  for (const [status, type] of [
    [503, 'unavailable_shards_exception'],
    [503, 'cluster_manager_not_discovered_exception'],
    [503, null],
    [429, 'es_rejected_execution_exception'],
    [408, null],
    [500, 'node_disconnected_exception'],
    [404, null],
  ] as const)
    assert.equal(isDefiniteFailure(refusal(status, type)), false, `${status} ${type ?? ''}`);
  assert.equal(isDefiniteFailure(new errors.ConnectionError('socket hang up')), false);
  assert.ok(DEFINITE_FAILURE_NAMES.some((name) => name.startsWith('404 index_not_found_exception:')));
});

test('should not name an error by a number alone, which is what a read saw', () => {
  assert.equal(errorClass(refusal(503, null)), '503 not JSON');
});

test('should take a document for missing only where a member says so', () => {
  const answer = (statusCode: number, body: object) =>
    new errors.ResponseError({ statusCode, body, headers: {}, warnings: null, meta: {} as never });
  assert.equal(isMissing(answer(404, { found: false })), true);
  assert.equal(isMissing(refusal(404, null)), false);
  assert.equal(isMissing(refusal(404, 'index_not_found_exception')), false);
  assert.equal(isMissing(answer(503, { found: false })), false);
});

test('should name errors by status and type, without what the server says or which port it came through', () => {
  assert.equal(errorClass(refusal(503, 'unavailable_shards_exception')), '503 unavailable_shards_exception');
  assert.equal(
    errorClass(new errors.ConnectionError('socket hang up - Local: 127.0.0.1:1, Remote: 127.0.0.1:2')),
    'socket hang up',
  );
});

const state = (
  copies: { node: string | null; primary: boolean; state: string }[],
  index = 'i',
  term = 7,
): Parameters<typeof viewOf>[0] => ({
  master_node: 'B',
  nodes: { A: { name: 'es-0', roles: ['master', 'data'] }, B: { name: 'es-1', roles: ['master'] } },
  metadata: { indices: { [index]: { primary_terms: { 0: term } } } },
  routing_table: { indices: { [index]: { shards: { 0: copies } } } },
});

test('should name the node of the primary shard only while that shard is active', () => {
  const started = viewOf(state([{ node: 'A', primary: true, state: 'STARTED' }]), 'i');
  assert.equal(primaryOf(started)?.node, 'es-0');
  assert.deepEqual([started.master, started.primaryTerm], ['es-1', 7]);
  const gone = viewOf(state([{ node: null, primary: true, state: 'UNASSIGNED' }]), 'i');
  assert.equal(primaryOf(gone), null);
  const starting = viewOf(state([{ node: 'A', primary: true, state: 'INITIALIZING' }]), 'i');
  assert.equal(primaryOf(starting), null);
  assert.equal(viewOf(state([]), 'other').copies, null);
  assert.equal(viewOf({ nodes: {} }, 'i').master, null);
});

test('should derive the window of a silent member from the live checks', () => {
  const checks = (kind: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({
      name: `cluster.fault_detection.${kind}_check.${name}`,
      value,
      source: 'test',
    }));
  const follower = checks('follower', { interval: '1s', timeout: '3s', retry_count: '3' });
  const leader = checks('leader', { interval: '2s', timeout: '4s', retry_count: '2' });
  for (const fault of ['hang', 'node-loss', 'partition']) {
    const window = expectedWindow(fault, [...follower, ...leader]);
    assert.equal(window?.loMs, 11_000, 'another node is master: its follower checks alone');
    // Leader checks 2 + 10, election 3, follower checks 1 + 11, promotion 1, what was sent meanwhile 3.
    assert.equal(window.hiMs, 31_000, 'the primary was on the master: both, one after the other');
    assert.match(window.derivation, /3 follower checks of 3000 ms.*2 leader checks of 4000 ms/s);
    const publish = { name: 'cluster.publish.timeout', value: '30s', source: 'test' };
    // In place of the follower checks, which it outlasts.
    assert.equal(expectedWindow(fault, [...follower, ...leader, publish])?.hiMs, 49_000);
  }
  assert.equal(expectedWindow('hang', []), null);
  assert.equal(expectedWindow('hang', follower), null, 'leader checks are not known');
  assert.ok(Number(expectedWindow('pod-crash', [])?.hiMs) <= 15_000);
  assert.deepEqual(['500ms', '3s', '1m', '3d', '3'].map(millisOf), [500, 3000, 60_000, null, null]);
});

test('should know the nearest by looking at every vector', () => {
  const among = [
    [1, 0],
    [0, 1],
    [1, 1],
    [-1, 0],
  ];
  assert.deepEqual(nearest([1, 0.1], among, 3), ['0', '2', '1']);
});

test('should say of a read that a member answered it which had been replaced as the primary', async () => {
  for (const [term, detail] of [
    [7, '0'],
    [6, '0@replaced'],
  ] as const)
    await serving(
      (question) => {
        if (question.startsWith('POST'))
          return { status: 201, json: { _id: 'a', _primary_term: 7, _shards: { total: 3, successful: 2 } } };
        if (question.includes('/_cluster/state/'))
          return {
            json: state([{ node: 'A', primary: true, state: 'STARTED' }], 'plumbline-canary', term),
          };
        return { status: 404, json: { found: false } };
      },
      async (port) => {
        const session = new ElasticsearchLoadClient(connection(port), 'run').session();
        await session.open(1000);
        assert.deepEqual(await session.write(1), { outcome: 'ok' });
        assert.deepEqual(await session.read(), { outcome: 'ok', detail });
        session.destroy();
      },
    );
});

test('should acknowledge a write only with a majority of copies, in one attempt, with the account', async () => {
  const replies = [
    { status: 201, json: { _id: 'a', _shards: { total: 3, successful: 2, failed: 1 } } },
    { status: 201, json: { _id: 'b', _shards: { total: 3, successful: 1, failed: 2 } } },
    { status: 503, json: { error: { type: 'unavailable_shards_exception' } } },
    { status: 403, json: { error: { type: 'cluster_block_exception' } } },
  ];
  const asked: string[] = [];
  await serving(
    (question, { authorization = '' }) => {
      asked.push(`${question} ${authorization}`);
      return replies[asked.length - 1] ?? { status: 500, json: {} };
    },
    async (port) => {
      const session = new ElasticsearchLoadClient(connection(port), 'run').session();
      await session.open(1000);
      const results = [];
      for (let n = 1; n <= replies.length; n++) results.push(await session.write(n));
      assert.deepEqual(results, [
        { outcome: 'ok' },
        { outcome: 'unknown', detail: '1 of 3 copies' },
        { outcome: 'unknown', detail: '503 unavailable_shards_exception' },
        { outcome: 'fail', detail: '403 cluster_block_exception' },
      ]);
      session.destroy();
      assert.equal(session.usable(), false);
    },
  );
  assert.equal(asked.length, replies.length, 'every write is one request');
  assert.match(asked[0] ?? '', /^POST \/plumbline-canary\/_doc\?timeout=1s Basic dTpw$/);
});

test('should write and read in plain JSON, since Elasticsearch 7 and 8 refuse the media types of a client for 9', async () => {
  const types: (string | undefined)[] = [];
  await serving(
    (question, headers) => {
      types.push(headers['content-type'], headers.accept);
      if (question.startsWith('POST'))
        return { status: 201, json: { _id: 'a', _primary_term: 7, _shards: { total: 3, successful: 2 } } };
      if (question.includes('/_cluster/state/'))
        return { json: state([{ node: 'A', primary: true, state: 'STARTED' }], 'plumbline-canary') };
      return { json: { found: true } };
    },
    async (port) => {
      const session = new ElasticsearchLoadClient(connection(port), 'run').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'ok' });
      assert.deepEqual(await session.read(), { outcome: 'ok', detail: '1' });
      session.destroy();
    },
    { version: '8.19.1' },
  );
  assert.equal(types[0], 'application/json');
  assert.doesNotMatch(types.join(), /compatible-with/);
});

test('should leave out of the settings of the platform what is of its own indices, and remove its vectors', async () => {
  const asked: string[] = [];
  const one = { settings: { 'index.number_of_replicas': '1' } };
  await serving(
    (question) => {
      asked.push(question);
      if (!question.startsWith('GET /_settings'))
        return { json: { persistent: {}, transient: {}, defaults: {} } };
      return { json: { 'plumbline-canary': one, 'plumbline-vectors': one, tenders: one } };
    },
    async (port) => {
      const target = targetOf(port, ['es-0']);
      const settings = await governingSettings(target, { deadlineMs: 2000 });
      assert.deepEqual(
        settings.map(({ source }) => source),
        ['index tenders'],
      );
      await vectorQuery.remove?.(target, { deadlineMs: 2000 });
    },
  );
  assert.equal(asked.at(-1), 'DELETE /plumbline-vectors?ignore_unavailable=true');
});

const shards = { total: 1, successful: 1, failed: 0 };
const page = (numbers: number[], more: Record<string, unknown> = {}) => ({
  timed_out: false,
  _shards: shards,
  pit_id: 'p',
  hits: { total: { value: numbers.length }, hits: numbers.map((n, i) => ({ sort: [n, i] })) },
  ...more,
});

async function readingBack(search: unknown): Promise<Record<string, unknown>[]> {
  const seen: Record<string, unknown>[] = [];
  await serving(
    (asked) => {
      if (asked.startsWith('GET /_cluster/state'))
        return {
          json: {
            master_node: 'A',
            nodes: { A: { name: 'es-0', roles: ['master'] } },
            routing_table: {
              indices: {
                'plumbline-canary': { shards: { 0: [{ node: 'A', primary: true, state: 'STARTED' }] } },
              },
            },
          },
        };
      if (asked.includes('_refresh')) return { json: { _shards: shards } };
      if (asked.includes('_pit')) return { json: { id: 'p' } };
      return { json: search };
    },
    async (port) => {
      const member = { name: 'es-0', address: '127.0.0.1', port };
      const target = { connection: connection(port), members: () => Promise.resolve([member]) };
      await readBack(target, { run: 'r', write: (one) => seen.push(one) }, { deadlineMs: 5000 });
    },
  );
  return seen;
}

test('should read the primary twice, with what is there more than once', async () => {
  const seen = await readingBack(page([1, 2, 2, 4]));
  assert.deepEqual(
    seen.map(({ kind, role, pass, present, duplicates }) => [kind, role, pass, present, duplicates]),
    [
      ['readback-plan', undefined, undefined, undefined, undefined],
      [
        'readback',
        'leader',
        1,
        [
          [1, 2],
          [4, 4],
        ],
        [[2, 2]],
      ],
      [
        'readback',
        'leader',
        2,
        [
          [1, 2],
          [4, 4],
        ],
        [[2, 2]],
      ],
    ],
  );
});

test('should call a search that timed out, missed its shard or held too little a failed read-back', async () => {
  for (const [search, reason] of [
    [page([1], { timed_out: true }), /timed out/],
    [page([1], { _shards: { total: 1, successful: 0, failed: 1 } }), /1 failed/],
    [page([1], { hits: { total: { value: 5 }, hits: [{ sort: [1, 0] }] } }), /expected 5 documents/],
  ] as const) {
    const failed = (await readingBack(search)).find(({ kind }) => kind === 'readback-failed');
    assert.match(String(failed?.['reason']), reason);
  }
});
