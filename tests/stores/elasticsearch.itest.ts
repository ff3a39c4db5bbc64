/** Elasticsearch's driver against a real cluster with dedicated masters, and against one node: the same of Elasticsearch and OpenSearch. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { store } from '../../probes/elasticsearch/declaration.ts';
import { memberPlace } from '../../probes/elasticsearch/api.ts';
import { elasticsearch } from '../../probes/elasticsearch/index.ts';
import { roledView } from '../../probes/elasticsearch/view.ts';
import type { GoverningSetting, Leadership, ReadBackSeen } from '../../probes/store/store-driver.ts';
import { ELASTICSEARCH, ElasticsearchCluster, OPENSEARCH } from './elasticsearch-cluster.ts';
import type { Distribution } from './elasticsearch-cluster.ts';

const BOUNDS = { deadlineMs: 20_000 };
const PREPARE_MS = 120_000;
const WRITES = 50;

async function leadershipOf(cluster: ElasticsearchCluster, run: string): Promise<Leadership> {
  return (await elasticsearch.leadership?.(cluster.target, run, BOUNDS)) ?? assert.fail('no leadership');
}

async function write(cluster: ElasticsearchCluster, run: string): Promise<void> {
  const client = elasticsearch.client(cluster.target.connection, run);
  await client.prepare(PREPARE_MS);
  const session = client.session();
  await session.open(5000);
  for (let n = 1; n <= WRITES; n++) assert.deepEqual(await session.write(n), { outcome: 'ok' });
  assert.deepEqual(await session.read(), { outcome: 'ok', detail: String(WRITES) });
  session.destroy();
}

async function readBack(cluster: ElasticsearchCluster, run: string): Promise<ReadBackSeen[]> {
  const seen: ReadBackSeen[] = [];
  await elasticsearch.readBack(cluster.target, { run, write: (one) => seen.push(one) }, BOUNDS);
  return seen;
}

const readIn = (seen: readonly ReadBackSeen[]): string[] =>
  seen.flatMap((one) => (one.kind === 'readback' ? [one.source] : []));
const withoutIn = (seen: readonly ReadBackSeen[]): string[] =>
  seen.flatMap((one) =>
    one.kind === 'readback-without' ? [`${one.source} ${one.because} ${one.copies}`] : [],
  );

async function switchFrom(cluster: ElasticsearchCluster, run: string, from: string): Promise<string> {
  const done = await elasticsearch.switchover?.(cluster.target, { run, from }, BOUNDS);
  const { to } = done ?? assert.fail('no switchover');
  // Until each has its vote again, and every copy is back, the loss of one may cost more than itself.
  const { ok, detail } = await elasticsearch.waitSteady(cluster.target, { deadlineMs: 60_000 });
  assert.ok(ok, detail);
  return to;
}

/** Every setting that the judge wants was read, and is of its kind. */
function governedAs(distribution: Distribution, governing: readonly GoverningSetting[]): void {
  const { read, instead } = store.recorded.governing;
  const kinds = distribution === OPENSEARCH ? (instead?.read ?? {}) : read;
  for (const [name, kind] of Object.entries(kinds))
    assert.match(governing.find((one) => one.name === name)?.value ?? '', kind, name);
}

/** Nodes by what they may do. One that may be both master and hold data never crashes here: with another one a majority would go. */
interface Members {
  masters: readonly string[];
  both: readonly string[];
  data: readonly string[];
}

function clusterTrial(distribution: Distribution, { masters, both, data }: Members): void {
  const run = `search-${process.pid}`;
  const holders = [...both, ...data].sort();
  const roles: Record<string, string[]> = Object.fromEntries<string[]>([
    ...masters.map((name): [string, string[]] => [name, [distribution.master]]),
    ...both.map((name): [string, string[]] => [name, [distribution.master, 'data']]),
    ...data.map((name): [string, string[]] => [name, ['data']]),
  ]);

  describe(`${distribution.name} with dedicated masters`, () => {
    let cluster: ElasticsearchCluster;
    before(async () => {
      cluster = await ElasticsearchCluster.start(distribution, roles, holders.length - 1);
    });
    after(async () => {
      await cluster.stop();
    });

    it('should name the role of each member, and where each keeps its data', async () => {
      const { leader, members, governing } = await elasticsearch.describe(cluster.target, BOUNDS);
      const role = new Map(members.map((one) => [one.name, one.role]));
      assert.ok(leader !== null && !data.includes(leader), String(leader));
      for (const name of masters) assert.equal(role.get(name), name === leader ? 'master' : 'master-only');
      for (const name of both) assert.equal(role.get(name), name === leader ? 'master' : 'master-eligible');
      for (const name of data) assert.equal(role.get(name), 'data');
      governedAs(distribution, governing);
      const facts = await elasticsearch.servers(cluster.target, BOUNDS);
      for (const { member, dataFolders, failed } of facts)
        assert.match(dataFolders.join(), new RegExp(`/${member}/data`), failed);
      assert.equal(facts.length, members.length);
    });

    it('should read back every copy, and have the cluster say that masters hold none', async () => {
      await write(cluster, run);
      const { leader, master } = await leadershipOf(cluster, run);
      assert.ok(holders.includes(leader ?? '') && !data.includes(master ?? ''), `${leader}, ${master}`);
      const seen = await readBack(cluster, run);
      assert.deepEqual([...new Set(readIn(seen))].sort(), holders);
      for (const one of seen) if (one.kind === 'readback') assert.deepEqual(one.present, [[1, WRITES]]);
      assert.deepEqual(
        withoutIn(seen),
        masters.map((name) => `${name} roles ${holders.length}`),
      );
      const { ok, detail } = await elasticsearch.steady(cluster.target, BOUNDS);
      assert.ok(ok, detail);
    });

    it('should move the roles of primary and of a dedicated master on order', async () => {
      let { leader, master } = await leadershipOf(cluster, run);
      while (leader !== null && both.includes(leader)) leader = await switchFrom(cluster, run, leader);
      assert.ok(data.includes(leader ?? ''), String(leader));
      do {
        const from = master ?? assert.fail('no master');
        master = await switchFrom(cluster, run, from);
        assert.notEqual(master, from);
      } while (!masters.includes(master));
    });

    it('should know the roles of a member that hangs', async () => {
      const { master } = await leadershipOf(cluster, run);
      const hanging = masters.find((name) => name !== master) ?? assert.fail('no other master');
      const asked = (await cluster.target.members()).find(({ name }) => name === data[0]);
      cluster.freeze(hanging);
      try {
        const place = memberPlace(cluster.target, asked ?? assert.fail('no data node'));
        const view = await roledView(place, BOUNDS);
        assert.deepEqual(view.eligible.sort(), [...masters, ...both].sort());
        assert.deepEqual(view.data.sort(), holders);
      } finally {
        cluster.thaw(hanging);
      }
    });

    it('should miss a dedicated master that is gone, and excuse it from nothing', async () => {
      const { master } = await leadershipOf(cluster, run);
      assert.ok(master);
      await cluster.crash(master);
      const next = await waitFor(
        async () => {
          const seen = await leadershipOf(cluster, run).catch(() => null);
          return seen?.master === undefined || seen.master === master ? null : seen.master;
        },
        { what: 'another master', deadlineMs: 60_000 },
      );
      assert.ok(!data.includes(next));
      assert.equal((await elasticsearch.steady(cluster.target, BOUNDS)).ok, false);
      await waitFor(
        async () => {
          const { members } = await elasticsearch.describe(cluster.target, BOUNDS);
          return members.some(({ name }) => name === master) ? null : true;
        },
        { what: 'the new master to remove the one that is gone', deadlineMs: 60_000 },
      );
      const seen = await readBack(cluster, run);
      assert.equal(new Set(readIn(seen)).size, holders.length);
      assert.doesNotMatch(withoutIn(seen).join(), new RegExp(master));
    });

    it('should not excuse a data node that is gone', async () => {
      const { leader } = await leadershipOf(cluster, run);
      assert.ok(leader);
      await cluster.crash(leader);
      await waitFor(
        async () => {
          const now = await leadershipOf(cluster, run).catch(() => null);
          return typeof now?.leader !== 'string' || now.leader === leader ? null : true;
        },
        { what: 'another copy to lead', deadlineMs: 60_000 },
      );
      const seen = await readBack(cluster, run);
      const named = [...readIn(seen), ...withoutIn(seen)].join();
      assert.doesNotMatch(named, new RegExp(leader));
      assert.equal((await elasticsearch.steady(cluster.target, BOUNDS)).ok, false);
    });
  });
}

function oneNodeTrial(distribution: Distribution): void {
  describe(`${distribution.name} with one node`, () => {
    it('should be steady, take writes and be read back', async () => {
      const roles = { 'es-0': [distribution.master, 'data'] };
      const cluster = await ElasticsearchCluster.start(distribution, roles, 0);
      try {
        const run = `search-one-${process.pid}`;
        await write(cluster, run);
        assert.deepEqual(await leadershipOf(cluster, run), {
          leader: 'es-0',
          master: 'es-0',
          holders: ['es-0'],
        });
        const seen = await readBack(cluster, run);
        assert.deepEqual(readIn(seen), ['es-0', 'es-0']);
        const { conditions = [] } = await elasticsearch.describe(cluster.target, BOUNDS);
        assert.deepEqual(
          conditions.filter(({ ok }) => !ok),
          [],
        );
        const { ok, detail } = await elasticsearch.steady(cluster.target, BOUNDS);
        assert.ok(ok, detail);
      } finally {
        await cluster.stop();
      }
    });
  });
}

clusterTrial(ELASTICSEARCH, {
  masters: ['es-master-0', 'es-master-1', 'es-master-2'],
  both: [],
  data: ['es-data-0', 'es-data-1', 'es-data-2'],
});
oneNodeTrial(ELASTICSEARCH);
clusterTrial(OPENSEARCH, {
  masters: ['os-master-0', 'os-master-1'],
  both: ['os-both-0'],
  data: ['os-data-0'],
});
oneNodeTrial(OPENSEARCH);
