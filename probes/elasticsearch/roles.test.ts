import assert from 'node:assert/strict';
import { describe as group, it } from 'node:test';
import { readBack } from './readback.ts';
import { describe, leadership, steady } from './state.ts';
import { serving, targetOf } from './_testing/server.ts';
import type { ReadBackSeen, StoreTarget } from '../store/store-driver.ts';

type Roles = Readonly<Record<string, readonly string[]>>;

/** As ECK sets them for dedicated masters and data nodes, with one node that holds neither. */
const SETS: Roles = {
  'es-master-0': ['master'],
  'es-master-1': ['master'],
  'es-master-2': ['master'],
  'es-data-0': ['data', 'ingest'],
  'es-data-1': ['data_content', 'data_hot'],
  'es-data-2': ['data'],
  'es-http-0': ['ingest'],
};
const MASTER = 'es-master-1';
const COPIES = ['es-data-1', 'es-data-0', 'es-data-2'];
const BOUNDS = { deadlineMs: 2_000 };

interface Cluster {
  roles?: Roles;
  /** Holders of the canary's copies, the primary first; null: there is no index. */
  copies?: readonly string[] | null;
  /** Members that are declared and asked. */
  members?: readonly string[];
  master?: string;
  replicas?: number;
  health?: Record<string, unknown>;
}

/** Members that all say the same of the cluster, each id of a node its name. */
async function within(cluster: Cluster, work: (target: StoreTarget) => Promise<void>): Promise<void> {
  const { roles = SETS, replicas = 2 } = cluster;
  const { members = Object.keys(roles) } = cluster;
  const answers = answersOf({ ...cluster, roles });
  await serving(
    (asked) => ({ json: answers.find(([path]) => path.test(asked))?.[1] }),
    (port) => work(targetOf(port, members, { members: members.length, index: { replicas } })),
  );
}

function answersOf(cluster: Cluster & { roles: Roles }): readonly (readonly [RegExp, unknown])[] {
  const { roles, copies = COPIES } = cluster;
  const names = Object.keys(roles);
  const having = (start: string): string[] =>
    names.filter((name) => roles[name]?.some((role) => role.startsWith(start)));
  const health = {
    status: 'green',
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    number_of_nodes: names.length,
    number_of_data_nodes: having('data').length,
    ...cluster.health,
  };
  const shards = { total: copies?.length, successful: copies?.length, failed: 0 };
  const page = { timed_out: false, _shards: { total: 1, successful: 1, failed: 0 } };
  const votes = { metadata: { cluster_coordination: { last_committed_config: having('master') } } };
  return [
    [/^GET \/_cluster\/health/, health],
    [/^GET \/_cluster\/state\/metadata\?/, votes],
    [/^GET \/_cluster\/state/, stateOf(cluster)],
    [/_refresh/, { _shards: shards }],
    [/_pit/, { id: 'p' }],
    [/_search/, { ...page, hits: { total: { value: 1 }, hits: [{ sort: [1, 0] }] } }],
    [/^GET \/_cluster\/settings/, { persistent: {}, transient: {}, defaults: {} }],
    [/^/, {}],
  ];
}

function stateOf({ roles, copies = COPIES, master = MASTER }: Cluster & { roles: Roles }): unknown {
  const nodes = Object.fromEntries(Object.entries(roles).map(([name, own]) => [name, { name, roles: own }]));
  const shard = copies?.map((node, i) => ({ node, primary: i === 0, state: 'STARTED' }));
  const table = { indices: { 'plumbline-canary': { shards: { 0: shard } } } };
  return { master_node: master, nodes, ...(shard && { routing_table: table }) };
}

async function readingBack(cluster: Cluster): Promise<ReadBackSeen[]> {
  const seen: ReadBackSeen[] = [];
  await within(cluster, (target) => readBack(target, { run: 'r', write: (one) => seen.push(one) }, BOUNDS));
  return seen;
}

const readIn = (seen: readonly ReadBackSeen[]): string[] =>
  seen.flatMap((one) => (one.kind === 'readback' ? [`${one.source} ${one.role}`] : []));
const withoutIn = (seen: readonly ReadBackSeen[]): string[] =>
  seen.flatMap((one) =>
    one.kind === 'readback-without' ? [`${one.source} ${one.because} ${one.copies}`] : [],
  );

group('a cluster with dedicated masters', () => {
  it('should name each member by what it may do', async () => {
    await within({}, async (target) => {
      const { leader, members, conditions = [] } = await describe(target, BOUNDS);
      assert.equal(leader, MASTER);
      assert.deepEqual(Object.fromEntries(members.map(({ name, role }) => [name, role])), {
        'es-master-0': 'master-only',
        'es-master-1': 'master',
        'es-master-2': 'master-only',
        'es-data-0': 'data',
        'es-data-1': 'data',
        'es-data-2': 'data',
        'es-http-0': 'coordinating',
      });
      assert.deepEqual(
        conditions.map(({ name, ok }) => [name, ok]),
        [
          ['health', true],
          ['master-eligible nodes', true],
        ],
      );
    });
  });

  it('should be steady although masters hold no data', async () => {
    await within({}, async (target) => {
      const { ok, leader, detail } = await steady(target, BOUNDS);
      assert.deepEqual([ok, leader], [true, 'es-data-1'], detail);
    });
  });

  it('should miss a data node, whatever roles those that are there have', async () => {
    const { 'es-data-2': _gone, ...rest } = SETS;
    const cluster = { roles: rest, members: Object.keys(SETS), copies: COPIES.slice(0, 2) };
    await within(cluster, async (target) => {
      const { ok, detail } = await steady(target, BOUNDS);
      assert.equal(ok, false);
      assert.match(detail, /not es-data-2; .*expected green with 7 nodes/);
      assert.match(detail, /expected 3 nodes with data for the canary's copies, seen 2/);
    });
  });

  /** As a managed service has it: one address, behind which any node may answer. */
  const behindOneAddress = async (target: StoreTarget): Promise<StoreTarget> => {
    const [member] = await target.members();
    assert.ok(member !== undefined);
    const address = { ...member, name: 'search.example.com', standsForAll: true } as const;
    return { ...target, members: () => Promise.resolve([address]) };
  };

  it('should be steady behind one address with as many nodes as are declared, and no fewer', async () => {
    await within({}, async (target) => {
      const { ok, detail } = await steady(await behindOneAddress(target), BOUNDS);
      assert.ok(ok, detail);
    });
    const { 'es-data-2': _gone, ...roles } = SETS;
    const fewer = { roles, members: Object.keys(SETS), copies: COPIES.slice(0, 2) };
    await within(fewer, async (target) => {
      const { ok, detail } = await steady(await behindOneAddress(target), BOUNDS);
      assert.equal(ok, false);
      assert.match(detail, /expected green with 7 nodes/);
      assert.doesNotMatch(detail, /search\.example\.com/);
    });
  });

  it('should not be steady where the health counts other data nodes than the roles say', async () => {
    await within({ health: { number_of_data_nodes: 2 } }, async (target) => {
      assert.equal((await steady(target, BOUNDS)).ok, false);
    });
  });

  it('should aim at the holder of the primary, and at the elected master', async () => {
    await within({}, async (target) => {
      assert.deepEqual(await leadership(target, 'r', BOUNDS), {
        leader: 'es-data-1',
        master: MASTER,
        holders: COPIES,
      });
    });
  });

  it('should read back who holds a copy, and say of the others why they hold none', async () => {
    const seen = await readingBack({});
    assert.deepEqual(readIn(seen), [
      'es-data-1 leader',
      'es-data-1 leader',
      'es-data-0 member',
      'es-data-2 member',
    ]);
    assert.deepEqual(withoutIn(seen), [
      ...['es-master-0', 'es-master-1', 'es-master-2'].map((name) => `${name} roles 3`),
      'es-http-0 roles 3',
    ]);
  });

  it('should tell a data node that holds no copy from one that may hold none', async () => {
    const roles = { ...SETS, 'es-data-3': ['data'] };
    assert.ok(withoutIn(await readingBack({ roles })).includes('es-data-3 elsewhere 3'));
  });

  it('should say nothing in favour of a member that is not in the cluster', async () => {
    const { 'es-data-2': _gone, 'es-master-0': _too, ...roles } = SETS;
    const seen = await readingBack({ roles, members: Object.keys(SETS), copies: COPIES.slice(0, 2) });
    const named = [...readIn(seen), ...withoutIn(seen)].join();
    assert.doesNotMatch(named, /es-data-2|es-master-0/);
  });

  it('should read every member as empty where the index is gone, a data node as the leader', async () => {
    const seen = await readingBack({ copies: null });
    assert.equal(readIn(seen)[0], 'es-data-0 leader');
    assert.equal(new Set(seen.flatMap((one) => (one.kind === 'readback' ? [one.source] : []))).size, 7);
    assert.deepEqual(withoutIn(seen), []);
  });
});

it('should be steady, described and read back with one node', async () => {
  const one = { roles: { 'es-0': ['master', 'data'] }, copies: ['es-0'], master: 'es-0', replicas: 0 };
  await within(one, async (target) => {
    const { ok, detail } = await steady(target, BOUNDS);
    assert.equal(ok, true, detail);
    const { conditions = [] } = await describe(target, BOUNDS);
    assert.deepEqual(
      conditions.map(({ ok: holds }) => holds),
      [true, true],
    );
    assert.deepEqual(await leadership(target, 'r', BOUNDS), {
      leader: 'es-0',
      master: 'es-0',
      holders: ['es-0'],
    });
  });
  assert.deepEqual(readIn(await readingBack(one)), ['es-0 leader', 'es-0 leader']);
});
