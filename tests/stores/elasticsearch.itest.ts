/** Elasticsearch's driver against a real cluster with dedicated masters, and against one node. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { elasticsearch } from '../../probes/elasticsearch/index.ts';
import type { Leadership, ReadBackSeen } from '../../probes/store/store-driver.ts';
import { ElasticsearchCluster } from './elasticsearch-cluster.ts';

const MASTERS = ['es-master-0', 'es-master-1', 'es-master-2'];
const DATA = ['es-data-0', 'es-data-1', 'es-data-2'];
const BOUNDS = { deadlineMs: 20_000 };
const PREPARE_MS = 120_000;
const WRITES = 50;

const rolesOf = (names: readonly string[], role: string): Record<string, string[]> =>
  Object.fromEntries(names.map((name) => [name, [role]]));

async function leadershipOf(cluster: ElasticsearchCluster, run: string): Promise<Leadership> {
  return (await elasticsearch.leadership?.(cluster.target, run, BOUNDS)) ?? assert.fail('no leadership');
}

async function write(cluster: ElasticsearchCluster, run: string): Promise<void> {
  const client = elasticsearch.client(cluster.target.connection, run);
  await client.prepare(PREPARE_MS);
  const session = client.session();
  await session.open(5000);
  for (let n = 1; n <= WRITES; n++) assert.deepEqual(await session.write(n), { outcome: 'ok' });
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

describe('Elasticsearch with dedicated masters', () => {
  let cluster: ElasticsearchCluster;
  const run = `es-${process.pid}`;
  before(async () => {
    cluster = await ElasticsearchCluster.start(
      { ...rolesOf(MASTERS, 'master'), ...rolesOf(DATA, 'data') },
      2,
    );
  });
  after(async () => {
    await cluster.stop();
  });

  it('should name the role of each member, and where each keeps its data', async () => {
    const { leader, members } = await elasticsearch.describe(cluster.target, BOUNDS);
    const role = new Map(members.map((one) => [one.name, one.role]));
    assert.ok(leader !== null && MASTERS.includes(leader), String(leader));
    for (const name of MASTERS) assert.equal(role.get(name), name === leader ? 'master' : 'master-only');
    for (const name of DATA) assert.equal(role.get(name), 'data');
    const facts = await elasticsearch.servers(cluster.target, BOUNDS);
    for (const { member, dataFolders, failed } of facts)
      assert.match(dataFolders.join(), new RegExp(`/${member}/data$`), failed);
    assert.equal(facts.length, MASTERS.length + DATA.length);
  });

  it('should read back every copy, and have the cluster say that masters hold none', async () => {
    await write(cluster, run);
    const { leader, master } = await leadershipOf(cluster, run);
    assert.ok(DATA.includes(leader ?? '') && MASTERS.includes(master ?? ''), `${leader}, ${master}`);
    const seen = await readBack(cluster, run);
    assert.deepEqual([...new Set(readIn(seen))].sort(), DATA);
    for (const one of seen) if (one.kind === 'readback') assert.deepEqual(one.present, [[1, WRITES]]);
    assert.deepEqual(
      withoutIn(seen),
      MASTERS.map((name) => `${name} roles 3`),
    );
    const { ok, detail } = await elasticsearch.steady(cluster.target, BOUNDS);
    assert.ok(ok, detail);
  });

  it('should move the role of a dedicated master on order', async () => {
    const { master } = await leadershipOf(cluster, run);
    const { to } =
      (await elasticsearch.switchover?.(cluster.target, { run, from: master ?? '' }, BOUNDS)) ??
      assert.fail('no switchover');
    assert.ok(to !== master && MASTERS.includes(to), to);
    // Until each master has its vote again, the loss of one may cost the majority.
    const { ok, detail } = await elasticsearch.waitSteady(cluster.target, { deadlineMs: 60_000 });
    assert.ok(ok, detail);
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
    assert.ok(MASTERS.includes(next));
    assert.equal((await elasticsearch.steady(cluster.target, BOUNDS)).ok, false);
    await waitFor(
      async () => {
        const { members } = await elasticsearch.describe(cluster.target, BOUNDS);
        return members.some(({ name }) => name === master) ? null : true;
      },
      { what: 'the new master to remove the one that is gone', deadlineMs: 60_000 },
    );
    const seen = await readBack(cluster, run);
    assert.equal(new Set(readIn(seen)).size, DATA.length);
    assert.doesNotMatch(withoutIn(seen).join(), new RegExp(master));
  });

  it('should not excuse a data node that is gone', async () => {
    const { leader } = await leadershipOf(cluster, run);
    assert.ok(leader);
    await cluster.crash(leader);
    await waitFor(
      async () => {
        const now = await leadershipOf(cluster, run).catch(() => null);
        return now?.leader == null || now.leader === leader ? null : true;
      },
      { what: 'another copy to lead', deadlineMs: 60_000 },
    );
    const seen = await readBack(cluster, run);
    const named = [...readIn(seen), ...withoutIn(seen)].join();
    assert.doesNotMatch(named, new RegExp(leader));
    assert.equal((await elasticsearch.steady(cluster.target, BOUNDS)).ok, false);
  });
});

describe('Elasticsearch with one node', () => {
  it('should be steady, take writes and be read back', async () => {
    const cluster = await ElasticsearchCluster.start({ 'es-0': ['master', 'data'] }, 0);
    try {
      const run = `es-one-${process.pid}`;
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
