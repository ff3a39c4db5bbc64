import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './testing.ts';
import type { Seen } from './testing.ts';

const POSTGRES = {
  kind: 'StatefulSet',
  namespace: 'tender',
  name: 'postgres',
  replicas: { min: 3, max: 3 },
  store: 'postgres',
};
const NAME = 'StatefulSet tender/postgres';
const storage = { className: 'fast', kinds: ['local', 'csi'] };
const there: Seen = ['workload', { workload: NAME }];
const mount = (source: string): Seen => [
  'data-mount',
  { workload: NAME, container: 'postgres', path: '/var/lib/postgresql/data', source },
];
const claim = (more: Record<string, unknown> = {}): Seen => [
  'claim',
  {
    workload: NAME,
    name: 'data-postgres-0',
    phase: 'Bound',
    className: 'fast',
    volumeKind: 'local',
    ...more,
  },
];
const written: Seen = ['canary-written', { digest: 'abc', bytes: 65536 }];
const read: Seen = ['canary-read', { digest: 'abc' }];
const good = [there, mount('persistentVolumeClaim'), claim()];
const persistent = (seen: Seen[], writes = true) =>
  judge({
    check: 'topology/storage/persistent',
    settings: {
      storage,
      writes,
      workloads: [POSTGRES, { ...POSTGRES, name: 'stateless', store: undefined }],
    },
    seen,
  });

test('should accept a bound claim of the class with a real volume and bytes that survive', () => {
  assert.equal(persistent([...good, written, read]).verdict, 'pass');
});

test('should refuse data on emptyDir or hostPath, or nowhere', () => {
  for (const source of ['emptyDir', 'hostPath']) {
    const judgement = persistent([there, mount(source), claim(), written, read]);
    assert.match(
      judgement.reason,
      new RegExp(`/var/lib/postgresql/data: expected a PersistentVolumeClaim, seen ${source}`),
    );
  }
  assert.equal(persistent([there, claim(), written, read]).verdict, 'fail');
});

test('should refuse an unbound claim, another class, a volume of another kind, a missing StatefulSet', () => {
  assert.match(
    persistent([there, mount('persistentVolumeClaim'), claim({ phase: 'Pending' }), written, read]).reason,
    /Pending/,
  );
  assert.equal(
    persistent([there, mount('persistentVolumeClaim'), claim({ className: 'slow' }), written, read]).verdict,
    'fail',
  );
  assert.equal(
    persistent([there, mount('persistentVolumeClaim'), claim({ volumeKind: 'hostPath' }), written, read])
      .verdict,
    'fail',
  );
  assert.equal(persistent([written, read]).verdict, 'fail');
});

test('should refuse other bytes, and be inconclusive about a canary that did not finish', () => {
  assert.equal(persistent([...good, written, ['canary-read', { digest: 'xyz' }]]).verdict, 'fail');
  assert.equal(
    persistent([...good, ['canary-written', { digest: '' }], ['canary-read', { digest: '' }]]).verdict,
    'fail',
  );
  assert.match(
    persistent([...good, ['canary-failed', { step: 'write', reason: 'no volume' }]]).reason,
    /write: no volume/,
  );
  assert.equal(persistent([...good, written]).verdict, 'inconclusive');
  assert.equal(persistent(good, false).verdict, 'pass', 'where nothing may be written, nothing is asked');
});

const stores = {
  postgres: {
    members: 3,
    replica: { host: 'r', port: 5432 },
    durability: { fsync: 'on', synchronous_commit: 'on' },
  },
};
const set = (name: string, value: string): Seen => [
  'setting',
  { store: 'postgres', name, value, source: 'SHOW on postgres-0' },
];
const durability = (...seen: Seen[]) =>
  judge({ check: 'topology/storage/durability', settings: { stores }, seen });

test('should accept settings as declared and refuse fsync off', () => {
  assert.equal(durability(set('fsync', 'on'), set('synchronous_commit', 'on')).verdict, 'pass');
  const judgement = durability(set('fsync', 'off'), set('synchronous_commit', 'on'));
  assert.match(judgement.reason, /fsync of postgres \(SHOW on postgres-0\): expected on, seen off/);
  assert.equal(judgement.verdict, 'fail');
});

test('should be inconclusive about a setting that was not reported, or a store that did not answer', () => {
  assert.equal(durability(set('fsync', 'on')).verdict, 'inconclusive');
  assert.equal(
    durability(['unavailable', { what: 'settings of postgres', reason: 'refused' }]).verdict,
    'inconclusive',
  );
});

const member = (name: string, role = 'replica', state = 'streaming'): Seen => [
  'member',
  { store: 'postgres', name, role, state },
];
const refuses: Seen = [
  'read-service',
  { store: 'postgres', address: 'r:5432', refused: true, detail: 'read-only transaction' },
];
const roles = (...seen: Seen[]) => judge({ check: 'topology/workloads/roles', settings: { stores }, seen });
const three = [member('p-0', 'leader', 'running'), member('p-1'), member('p-2', 'sync_standby')];

test('should accept one primary, two streaming replicas and a read Service that refuses writes', () => {
  assert.equal(roles(...three, refuses).verdict, 'pass');
});

test('should refuse a detached replica, no primary, two primaries, a replica that does not stream', () => {
  assert.match(roles(...three.slice(0, 2), refuses).reason, /members of postgres: expected 3, seen 2/);
  assert.equal(roles(member('p-0'), member('p-1'), member('p-2'), refuses).verdict, 'fail');
  assert.equal(
    roles(member('p-0', 'master'), member('p-1', 'primary'), member('p-2'), refuses).verdict,
    'fail',
  );
  assert.match(
    roles(...three.slice(0, 2), member('p-2', 'replica', 'running'), refuses).reason,
    /p-2.*running/,
  );
});

test('should accept nodes that have joined, and refuse a condition of the store that does not hold', () => {
  const joined = [
    member('p-0', 'master', 'joined'),
    member('p-1', 'data', 'joined'),
    member('p-2', 'data', 'joined'),
  ];
  const health = (ok: boolean, now: string): Seen => [
    'condition',
    { store: 'postgres', name: 'health', ok, expected: 'green', seen: now },
  ];
  assert.equal(roles(...joined, refuses, health(true, 'green')).verdict, 'pass');
  const judgement = roles(...joined, refuses, health(false, 'yellow, 1 unassigned'));
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /health of postgres: expected green, seen yellow/);
});

test('should refuse a read Service that takes writes; be inconclusive when it could not be asked', () => {
  assert.equal(
    roles(...three, [
      'read-service',
      { store: 'postgres', address: 'r:5432', refused: false, detail: 'wrote a row' },
    ]).verdict,
    'fail',
  );
  assert.equal(
    roles(...three, ['read-service', { store: 'postgres', error: true, detail: 'timeout' }]).verdict,
    'inconclusive',
  );
  assert.equal(roles(...three).verdict, 'inconclusive');
});

test('should fail, not be inconclusive, when a declared store is down', () => {
  assert.equal(
    roles(['store-down', { store: 'postgres', reason: 'no member answered' }], refuses).verdict,
    'fail',
  );
});

test('should say that one member of Neo4j Community is no cluster, and accept the members of one', () => {
  const member = (name: string, role: string): Seen => [
    'member',
    { store: 'neo4j', name, role, state: 'online' },
  ];
  const edition = (name: string, seen = name): Seen => [
    'condition',
    { store: 'neo4j', name: 'edition', ok: true, expected: name, seen },
  ];
  const roles = (members: number, seen: Seen[]) =>
    judge({ check: 'topology/workloads/roles', settings: { stores: { neo4j: { members } } }, seen });
  const community = edition('community', 'community (one member; clustering needs Enterprise)');
  const one = roles(1, [member('neo4j-0', 'leader'), community]);
  assert.equal(one.verdict, 'pass');
  assert.match(one.seen, /edition of neo4j: community \(one member; clustering needs Enterprise\)/);
  const members = ['neo4j-0', 'neo4j-1', 'neo4j-2'].map((name, i) =>
    member(name, i === 1 ? 'leader' : 'follower'),
  );
  const cluster = roles(3, [...members, edition('enterprise')]);
  assert.equal(cluster.verdict, 'pass');
  assert.doesNotMatch(cluster.seen, /edition/);
  assert.equal(roles(3, members.slice(0, 2)).verdict, 'fail');
});
