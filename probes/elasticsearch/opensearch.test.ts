/** What differs where `product: opensearch` is declared. A real one is asked in tests/stores/elasticsearch.itest.ts. */
import assert from 'node:assert/strict';
import { describe as group, it } from 'node:test';
import { askFailureOf } from '../asking.ts';
import { prepareCanary } from './canary.ts';
import type { Product } from './product.ts';
import { readBack } from './readback.ts';
import { ElasticsearchLoadClient } from './session.ts';
import { governingSettings, serverFacts } from './settings.ts';
import { describe, steady } from './state.ts';
import { refusing, serving, targetOf } from './_testing/server.ts';
import type { Answering } from './_testing/server.ts';
import { vectorQuery } from './vectors.ts';
import type { ReadBackSeen, StoreTarget } from '../store/store-driver.ts';

const BOUNDS = { deadlineMs: 2_000 };
const DECLARED = { product: 'opensearch', members: 2, index: { replicas: 0 } };
const ROLES = [
  { name: 'os-0', 'node.roles': 'cluster_manager,ingest' },
  { name: 'os-1', 'node.roles': 'data,ingest' },
];
const STATE = {
  cluster_manager_node: 'A',
  nodes: { A: { name: 'os-0' }, B: { name: 'os-1' } },
  routing_table: {
    indices: { 'plumbline-canary': { shards: { 0: [{ node: 'B', primary: true, state: 'STARTED' }] } } },
  },
};
const SHARDS = { total: 1, successful: 1, failed: 0 };
const HEALTH = { status: 'green', number_of_nodes: 2, number_of_data_nodes: 1 };
/** In this order; the first whose beginning fits counts. */
const ANSWERS: readonly (readonly [string, unknown])[] = [
  ['GET /_cluster/state/metadata?', { metadata: { cluster_coordination: { last_committed_config: ['A'] } } }],
  ['GET /_cluster/state/', STATE],
  ['GET /_cat/nodes', ROLES],
  ['GET /_cluster/health', { ...HEALTH, relocating_shards: 0, initializing_shards: 0, unassigned_shards: 0 }],
  ['POST /plumbline-canary/_search/point_in_time', { pit_id: 'pit' }],
  [
    'POST /_search?',
    { timed_out: false, _shards: SHARDS, hits: { total: { value: 1 }, hits: [{ sort: [7, 0] }] } },
  ],
  ['POST /plumbline-canary/_doc', { _id: 'a', _shards: SHARDS, _primary_term: 1 }],
  ['POST /plumbline-canary/_refresh', { _shards: SHARDS }],
  ['GET /_cluster/settings', { persistent: {}, transient: {}, defaults: {} }],
];
const usual: Answering = (asked) => ({
  json: ANSWERS.find(([begins]) => asked.startsWith(begins))?.[1] ?? {},
});

/** @returns what was asked, with its headers and body */
async function asOpenSearch(
  work: (target: StoreTarget) => Promise<void>,
  answer: Answering = usual,
): Promise<{ asked: string; type: string | undefined; body: unknown }[]> {
  const seen: { asked: string; type: string | undefined; body: unknown }[] = [];
  await serving(
    (asked, headers, text) => {
      seen.push({ asked, type: headers['content-type'], body: text === '' ? null : JSON.parse(text) });
      return answer(asked, headers, text);
    },
    (port) => work(targetOf(port, ['os-0', 'os-1'], DECLARED)),
    { product: 'opensearch' },
  );
  return seen;
}

group('a store that is declared as OpenSearch', () => {
  it('should be written to in plain JSON, and read without Elastic’s header', async () => {
    const [write] = await asOpenSearch(async ({ connection }) => {
      const session = new ElasticsearchLoadClient(connection, 'run').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'ok' });
      session.destroy();
    });
    assert.equal(write?.type, 'application/json');
  });

  it('should have each node say what it knows itself, and list roles for it', async () => {
    const seen = await asOpenSearch(async (target) => {
      const { ok, detail } = await steady(target, BOUNDS);
      assert.match(detail, /expected 2 master-eligible nodes, seen 1/);
      assert.equal(ok, false);
      const { leader, members } = await describe(target, BOUNDS);
      assert.equal(leader, 'os-0');
      assert.deepEqual(
        members.map(({ name, role }) => `${name} ${role}`),
        ['os-0 master', 'os-1 data'],
      );
    });
    const states = seen.filter(({ asked }) => asked.includes('/_cluster/state/'));
    assert.ok(states.length >= 4);
    for (const { asked } of states) assert.match(asked, /[&?]local=true$/);
    const named = seen.find(({ asked }) => asked.includes('/_cluster/state/cluster_manager_node,'));
    assert.ok(named !== undefined);
  });

  it('should be read back over its own points in time, with ties broken', async () => {
    const found: ReadBackSeen[] = [];
    const seen = await asOpenSearch((target) =>
      readBack(target, { run: 'r', write: (one) => found.push(one) }, BOUNDS),
    );
    const read = found.find((one) => one.kind === 'readback');
    assert.deepEqual(read?.present, [[7, 7]], JSON.stringify(found));
    const page = seen.find(({ asked }) => asked.startsWith('POST /_search?'))?.body as { sort: unknown };
    assert.deepEqual(page.sort, [{ n: 'asc' }, { _doc: 'asc' }]);
    const closing = seen.find(({ asked }) => asked === 'DELETE /_search/point_in_time');
    assert.deepEqual(closing?.body, { pit_id: ['pit'] });
  });

  it('should name its own setting of what stands still without a manager', async () => {
    const names: string[] = [];
    const defaults = {
      'cluster.no_master_block': 'write',
      'cluster.no_cluster_manager_block': 'METADATA_WRITE',
    };
    await asOpenSearch(
      async (target) => {
        for (const { name, value } of await governingSettings(target, BOUNDS)) names.push(`${name} ${value}`);
      },
      (asked) => ({
        json: asked.startsWith('GET /_settings') ? {} : { persistent: {}, transient: {}, defaults },
      }),
    );
    assert.deepEqual(names, ['cluster.no_cluster_manager_block metadata_write']);
  });

  it('should take the folder of a dedicated manager for one that must last', async () => {
    const node = { roles: ['cluster_manager'], fs: { data: [{ path: '/data' }] } };
    await asOpenSearch(
      async (target) => {
        const [facts] = await serverFacts(target, BOUNDS);
        assert.deepEqual(facts?.dataFolders, ['/data']);
      },
      () => ({ json: { nodes: { x: node } } }),
    );
  });

  it('should keep documents, not segments, in step for the canary', async () => {
    const seen = await asOpenSearch(
      ({ connection }) => prepareCanary(connection, 3_000),
      (asked, headers, text) =>
        asked.startsWith('GET /plumbline-canary')
          ? refusing(404, 'index_not_found_exception', 'no such index')
          : usual(asked, headers, text),
    );
    const made = seen.find(({ asked }) => asked.startsWith('PUT /plumbline-canary'))?.body;
    assert.equal((made as { settings: Record<string, unknown> }).settings['replication.type'], 'DOCUMENT');
  });

  it('should say that it has no kNN search where the plugin is not there', async () => {
    const unknown = refusing(400, 'settings_exception', 'unknown setting [index.knn] please check');
    await asOpenSearch(
      (target) => assert.rejects(vectorQuery.prepare(target, BOUNDS), /opensearch-knn is not installed/),
      (asked) => (asked.startsWith('PUT') ? unknown : { json: {} }),
    );
  });
});

group('a store that is the other product than is declared', () => {
  const askedAs = (declared: Record<string, unknown>, product: Product): Promise<void> =>
    serving(
      usual,
      async (port) => {
        const target = targetOf(port, ['os-0'], declared);
        const error: unknown = await describe(target, BOUNDS).catch((one: unknown) => one);
        assert.match(
          String(error),
          product === 'opensearch' ? /`product: opensearch`/ : /leave `product` out/,
        );
        assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'protocol' });
      },
      { product },
    );

  it('should not be taken for broken, and be told what to declare', async () => {
    await askedAs({ members: 1 }, 'opensearch');
    await askedAs(DECLARED, 'elasticsearch');
  });
});
