import { test } from 'node:test';
import assert from 'node:assert/strict';
import { waitFor } from '../../host/wait.ts';
import type { StoreMember, StoreObservation } from '../store/store-driver.ts';
import { leaderOf, membersOf, podAt, writersOf } from './members.ts';
import { askFailureOf } from '../asking.ts';
import { fakeServer } from './_testing/server.ts';
import { neo4j } from './index.ts';
import type { RouteRow } from './bolt.ts';
import type { ClusterView, DatabaseRow, ServerRow } from './members.ts';
import { shortestPaths } from './graph.ts';
import { COMMUNITY } from './_testing/clusters.ts';
import { agreed } from './readback.ts';
import { durationRange, expectedWindow } from './settings.ts';
import { editionOf, settled } from './state.ts';

// What a cluster of three answers, in the columns of the Operations manual ("Monitor databases", "Monitor servers") and of the
// routing procedure. Enterprise does not run here, so that this is the only place where these are seen.
const MEMBERS: StoreMember[] = [0, 1, 2].map((n) => ({ name: `neo4j-${n}`, address: `198.18.3.${n + 1}` }));
const bolt = (n: number): string => `neo4j-${n}.neo4j-members.tender.svc.cluster.local:7687`;
const database = (n: number, over: Partial<DatabaseRow> = {}): DatabaseRow => ({
  name: 'neo4j',
  address: bolt(n),
  role: 'primary',
  writer: n === 1,
  currentStatus: 'online',
  ...over,
});
const server = (n: number, over: Partial<ServerRow> = {}): ServerRow => ({
  serverId: `25a7efc7-d063-44b8-bdee-f23357f89f0${n}`,
  name: `25a7efc7-d063-44b8-bdee-f23357f89f0${n}`,
  address: bolt(n),
  hosting: ['neo4j'],
  requestedHosting: ['neo4j'],
  state: 'Enabled',
  health: 'Available',
  ...over,
});
const routes = (writer: number | null): RouteRow[] => [
  { role: 'WRITE', addresses: writer === null ? [] : [bolt(writer)] },
  { role: 'READ', addresses: [bolt(0), bolt(1), bolt(2)].filter((_, n) => n !== writer) },
  { role: 'ROUTE', addresses: [bolt(0), bolt(1), bolt(2)] },
];
const view = (over: Partial<ClusterView> = {}): ClusterView => ({
  edition: 'enterprise',
  databases: [database(0), database(1), database(2)],
  servers: [server(0), server(1), server(2)],
  ...over,
});
const settings = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, source: 'test' }));

void test('an address is the pod that has it, whatever form it takes', () => {
  assert.equal(podAt(bolt(2), MEMBERS), 'neo4j-2');
  assert.equal(podAt('198.18.3.1:7687', MEMBERS), 'neo4j-0');
  assert.equal(podAt('neo4j://neo4j-1:7687', MEMBERS), 'neo4j-1');
  assert.equal(podAt('[fd00::1]:7687', [...MEMBERS, { name: 'six', address: 'fd00::1' }]), 'six');
  assert.equal(podAt('neo4j-11.neo4j-members:7687', MEMBERS), null);
  assert.equal(podAt('localhost:7687', MEMBERS.slice(0, 1)), 'neo4j-0');
});

void test('the leader of a cluster is the one that takes writes, the others have their own states', () => {
  assert.equal(leaderOf(view(), MEMBERS), 'neo4j-1');
  assert.deepEqual(
    membersOf(view({ servers: [server(0), server(1), server(2, { health: 'Unavailable' })] }), MEMBERS),
    [
      { name: 'neo4j-0', role: 'follower', state: 'online' },
      { name: 'neo4j-1', role: 'leader', state: 'online' },
      { name: 'neo4j-2', role: 'follower', state: 'online, server Enabled, Unavailable' },
    ],
  );
});

void test('while no server, or two, take writes there is no leader', () => {
  const none = view({ databases: [0, 1, 2].map((n) => database(n, { writer: false })) });
  assert.equal(leaderOf(none, MEMBERS), null);
  assert.equal(leaderOf(view({ databases: [database(0, { writer: true }), database(1)] }), MEMBERS), null);
  assert.equal(leaderOf(view({ databases: [database(1, { currentStatus: 'starting' })] }), MEMBERS), null);
});

void test('a cluster is steady when all are online and clients are sent to the leader', () => {
  assert.deepEqual(settled(view(), MEMBERS, routes(1)), {
    ok: true,
    leader: 'neo4j-1',
    detail: 'enterprise edition, leader neo4j-1, 3 of 3 members online, clients write to neo4j-1',
  });
  const stale = settled(view(), MEMBERS, routes(0));
  assert.equal(stale.ok, false);
  assert.match(stale.detail, /leader neo4j-1.*clients write to neo4j-0/);
  assert.equal(settled(view(), MEMBERS, routes(null)).ok, false);
  const down = view({
    databases: [database(0, { currentStatus: 'unknown', role: 'unknown' }), database(1), database(2)],
  });
  assert.match(settled(down, MEMBERS, routes(1)).detail, /2 of 3 members online \(neo4j-0 unknown\)/);
  const two = { databases: [database(1), database(2)], servers: [server(1), server(2)] };
  assert.equal(settled(view(two), MEMBERS, routes(1)).ok, false);
});

void test('one member of Community is its own leader', () => {
  const one = MEMBERS.slice(0, 1);
  assert.deepEqual(settled(COMMUNITY, one, null), {
    ok: true,
    leader: 'neo4j-0',
    detail: 'community edition, leader neo4j-0, 1 of 1 members online',
  });
  assert.deepEqual(membersOf(COMMUNITY, one), [{ name: 'neo4j-0', role: 'leader', state: 'online' }]);
});

void test('clients write to whom the routing table says', () => {
  assert.deepEqual(writersOf(routes(2), MEMBERS), ['neo4j-2']);
  assert.deepEqual(writersOf([{ role: 'WRITE', addresses: ['elsewhere:7687'] }], MEMBERS), [
    'elsewhere:7687',
  ]);
});

void test('the member that is read back is the one that all who answer call the writer', () => {
  const said = (...leaders: (string | null)[]) => leaders.map((leader, n) => ({ by: `neo4j-${n}`, leader }));
  assert.equal(agreed(said('neo4j-1', 'neo4j-1', 'neo4j-1'), MEMBERS)?.name, 'neo4j-1');
  assert.equal(agreed(said('neo4j-1', 'neo4j-0', 'neo4j-1'), MEMBERS), null);
  assert.equal(agreed(said(null, null), MEMBERS), null);
  const gone = { by: 'neo4j-0', leader: null, failed: 'did not answer' };
  assert.equal(agreed([gone, ...said('neo4j-2', 'neo4j-2')], MEMBERS)?.name, 'neo4j-2');
});

void test('the expected window of a cluster follows from its detection and election', () => {
  const governing = settings({
    members: '3',
    'dbms.cluster.raft.leader_failure_detection_window': '20s-23s',
    'dbms.cluster.raft.election_failure_detection_window': '3s-6s',
  });
  const loss = expectedWindow('node-loss', governing) ?? assert.fail('a window was expected');
  assert.deepEqual([loss.loMs, loss.hiMs], [20_000, 35_000]);
  assert.match(loss.derivation, /20 to 23 s/);
  assert.equal(expectedWindow('pod-crash', governing)?.loMs, 4000);
  assert.equal(expectedWindow('pod-delete', governing)?.loMs, 200);
  const primaries = (count: string) => settings({ primaries: count, members: '3' });
  assert.equal(expectedWindow('node-loss', primaries('3')), null, 'the windows were not read');
  assert.match(expectedWindow('pod-crash', primaries('1'))?.derivation ?? '', /one member, no failover/);
  assert.match(expectedWindow('pod-crash', primaries('2'))?.derivation ?? '', /2 primaries, no failover/);
  assert.equal(expectedWindow('node-loss', settings({ members: '3' })), null);
  assert.deepEqual(durationRange('500ms-1m'), { loMs: 500, hiMs: 60_000 });
  assert.equal(durationRange('20s'), null);
});

void test('one member has to start again, and what a hang lasts does not follow from it', () => {
  const crash =
    expectedWindow('pod-crash', settings({ members: '1' })) ?? assert.fail('a window was expected');
  assert.ok(crash.loMs < crash.hiMs);
  assert.match(crash.derivation, /one member, no failover/);
  assert.equal(expectedWindow('hang', settings({ members: '1' })), null);
  assert.equal(expectedWindow('pod-crash', []), null);
});

void test('the edition is as declared, and Community says that it has no clustering', () => {
  assert.deepEqual(editionOf(COMMUNITY, {}), {
    name: 'edition',
    ok: true,
    expected: 'community',
    seen: 'community (one member; clustering needs Enterprise)',
  });
  assert.equal(editionOf(COMMUNITY, { enterprise: { primaries: 1 } }).ok, false);
  assert.equal(editionOf(view(), undefined).ok, true);
});

void test('a database that is not declared rightly is no store without members', async () => {
  const fake = await fakeServer(() => undefined, {
    answers: (query) => ({ rows: query.includes('dbms.components') ? [{ edition: 'community' }] : [] }),
  });
  try {
    const at = { host: '127.0.0.1', port: fake.port };
    const connection = { ...at, database: 'nowhere', user: 'plumbline', password: 'secret', declared: {} };
    const member = { name: 'neo4j-0', address: at.host, port: at.port };
    const target = { connection, members: () => Promise.resolve([member]) };
    const error = await neo4j.describe(target, { deadlineMs: 5000 }).catch((thrown: unknown) => thrown);
    assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'credentials' });
    assert.match(String(error), /the server has no database nowhere/);
  } finally {
    fake.close();
  }
});

void test('all shortest paths are found without the store, and only the shortest', () => {
  const links = [
    [0, 1],
    [1, 3],
    [0, 2],
    [2, 3],
    [3, 4],
    [0, 5],
    [5, 6],
    [6, 3],
  ] as const;
  assert.deepEqual(shortestPaths(links, [0, 4]), ['0>1>3>4', '0>2>3>4']);
  assert.deepEqual(shortestPaths(links, [4, 0]), []);
});

void test('a server that goes on answering while its pod is being deleted is still that member', async () => {
  let looks = 0;
  const row = database(0, { name: 'atlas', address: 'localhost:7687', writer: true });
  const fake = await fakeServer(() => undefined, {
    answers: (query) => {
      if (query.includes('dbms.components')) return { rows: [{ edition: 'community' }] };
      looks++;
      return { rows: [{ ...row }] };
    },
  });
  try {
    const at = { host: '127.0.0.1', port: fake.port };
    const connection = { ...at, database: 'atlas', user: 'plumbline', password: 'secret', declared: {} };
    const member = { name: 'atlas-0', address: at.host, port: at.port };
    // Its pod is gone from the list after the first look.
    const target = { connection, members: () => Promise.resolve(looks === 0 ? [member] : []) };
    const seen: StoreObservation[] = [];
    const observer = neo4j.observe(target, { write: (one) => seen.push(one), pollMs: 5 });
    await waitFor(() => (looks > 3 ? true : null), { what: 'four looks', deadlineMs: 5000 });
    await observer.stop();
    assert.deepEqual(
      [...new Set(seen.flatMap((one) => (one.kind === 'leader' ? [one.leader] : [])))],
      ['atlas-0'],
    );
  } finally {
    fake.close();
  }
});
