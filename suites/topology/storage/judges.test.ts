import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

const stores = {
  postgres: {
    members: 3,
    replica: { host: 'r', port: 5432 },
    durability: { fsync: 'on', synchronous_commit: 'on' },
  },
};
const set = (name: string, value: string, member = 'postgres-0'): Seen => [
  'setting',
  { store: 'postgres', member, name, value, source: `SHOW on ${member}` },
];
const onAll = (name: string, value: string) =>
  ['postgres-0', 'postgres-1', 'postgres-2'].map((member) => set(name, value, member));
const durability = (...seen: Seen[]) =>
  judge({
    check: 'topology/storage/durability',
    settings: { stores },
    seen,
  });

test('should accept settings as declared and refuse fsync off', () => {
  const commit = onAll('synchronous_commit', 'on');
  assert.equal(durability(...onAll('fsync', 'on'), ...commit).verdict, 'pass');
  const judgement = durability(set('fsync', 'off'), ...onAll('fsync', 'on').slice(1), ...commit);
  assert.match(judgement.reason, /fsync of postgres \(SHOW on postgres-0\): expected on, seen off/);
  assert.equal(judgement.verdict, 'fail');
});

test('false verdict 12: durability is read on every member', () => {
  const commit = onAll('synchronous_commit', 'on');
  const one = durability(set('fsync', 'on'), ...commit);
  assert.equal(one.verdict, 'inconclusive');
  assert.match(one.reason, /fsync of postgres: expected on on 3 servers, seen read on postgres-0 only/);
  const replica = durability(
    ...onAll('fsync', 'on').slice(0, 2),
    set('fsync', 'off', 'postgres-2'),
    ...commit,
  );
  assert.equal(replica.verdict, 'fail');
});

test('should refuse what a role or a database of the application has in place of the setting, unless it is let off', () => {
  const good = [...onAll('fsync', 'on'), ...onAll('synchronous_commit', 'on')];
  const of = (role: string | null, database: string | null): Seen => [
    'setting',
    {
      store: 'postgres',
      member: 'postgres-0',
      name: 'synchronous_commit',
      value: 'off',
      source: `${role ?? ''} ${database ?? ''}, pg_db_role_setting`,
      override: { role, database },
    },
  ];
  const judged = (seen: Seen[], durabilityOverrides?: object[]) =>
    judge({
      check: 'topology/storage/durability',
      settings: { stores: { postgres: { ...stores.postgres, durabilityOverrides } } },
      seen,
    });
  const app = judged([...good, of('app', null)]);
  assert.equal(app.verdict, 'fail');
  assert.match(
    app.reason,
    /^synchronous_commit of postgres \(app , pg_db_role_setting\): expected on, seen off/,
  );
  const reason = 'its rows can be loaded again';
  for (const [role, database, letOff, verdict] of [
    ['app', null, { role: 'app' }, 'pass'],
    ['app', 'tender', { role: 'app' }, 'pass'],
    ['app', 'tender', { database: 'tender' }, 'pass'],
    ['app', 'tender', { role: 'app', database: 'tender' }, 'pass'],
    ['app', null, { role: 'app', database: 'tender' }, 'fail'],
    [null, 'tender', { role: 'app' }, 'fail'],
    [null, null, { role: 'app' }, 'fail'],
  ] as const) {
    const found = judged([...good, of(role, database)], [{ ...letOff, reason }]);
    assert.equal(found.verdict, verdict, `${role} ${database} ${JSON.stringify(letOff)}`);
    if (verdict === 'pass')
      assert.match(found.seen, /synchronous_commit of postgres, .*: off \(its rows can/);
  }
  const [, ...fewer] = good;
  assert.equal(judged([...fewer, of('app', null)], [{ role: 'app', reason }]).verdict, 'inconclusive');
});

test('false verdict 17: a store that cannot be asked hides no wrong setting of another one', () => {
  const redis = { members: 1, durability: { appendonly: 'yes' } };
  const judged = (value: string) =>
    judge({
      check: 'topology/storage/durability',
      settings: { stores: { ...stores, redis } },
      seen: [
        ['unavailable', { what: 'settings of postgres', reason: 'password authentication failed' }],
        ['setting', { store: 'redis', member: 'redis-0', name: 'appendonly', value, source: '' }],
      ],
    });
  const [seen, wrong] = [judged('yes'), judged('no')];
  assert.deepEqual([seen.verdict, wrong.verdict], ['inconclusive', 'fail']);
  assert.match(seen.reason, /settings of postgres unavailable: password authentication failed/);
  assert.match(wrong.reason, /appendonly of redis: expected yes, seen no/);
  assert.doesNotMatch(JSON.stringify([seen.rules, wrong.rules]), /null/);
});

test('should take what the cluster has as a whole for all of its members', () => {
  const elasticsearch = { members: 3, durability: { 'index.translog.durability': 'request' } };
  const index = (source: string): Seen => [
    'setting',
    { store: 'elasticsearch', member: null, name: 'index.translog.durability', value: 'request', source },
  ];
  const verdict = (...seen: Seen[]) =>
    judge({ check: 'topology/storage/durability', settings: { stores: { elasticsearch } }, seen }).verdict;
  assert.equal(verdict(index('index a'), index('index b')), 'pass');
  assert.equal(verdict(), 'inconclusive');
});

test('should judge each type of queue by those that are declared', () => {
  const verdict = (declared: string | string[], ...types: string[]) => {
    const rabbitmq = { members: 3, durability: { 'queue type': declared } };
    const seen = types.map((value): Seen => [
      'setting',
      { store: 'rabbitmq', member: null, name: 'queue type', value, source: `queue ${value} in tender` },
    ]);
    return judge({
      check: 'topology/storage/durability',
      settings: { stores: { rabbitmq } },
      seen,
    });
  };
  assert.equal(verdict('quorum', 'quorum').verdict, 'pass');
  assert.equal(verdict('quorum', 'quorum', 'stream').verdict, 'fail');
  assert.equal(verdict(['quorum', 'stream'], 'quorum', 'stream').verdict, 'pass');
  const { reason, verdict: found } = verdict(['quorum', 'stream'], 'quorum', 'classic');
  assert.equal(found, 'fail');
  assert.match(
    reason,
    /queue type of rabbitmq \(queue classic in tender\): expected quorum or stream, seen classic/,
  );
  assert.match(verdict('quorum', 'quorum, 1 member').reason, /expected quorum, seen quorum, 1 member/);
});

test('should be inconclusive about a setting that was not reported, or a store that did not answer', () => {
  assert.equal(durability(...onAll('fsync', 'on')).verdict, 'inconclusive');
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
const isLeader = ([, fields]: Seen): boolean =>
  ['leader', 'master', 'primary'].includes(String(fields?.['role']));
const described = (store: string, seen: Seen[]): Seen => {
  const members = seen.filter(([kind]) => kind === 'member');
  const leader = members.find(isLeader)?.[1]?.['name'] ?? null;
  return ['described', { store, leader }];
};
const rolesOf = (settings: Record<string, unknown>, seen: Seen[]) =>
  judge({ check: 'topology/workloads/roles', settings, seen });
const roles = (...seen: Seen[]) => rolesOf({ stores }, [described('postgres', seen), ...seen]);
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
  const both = ['p-0', 'p-1'].map((name) => member(name, 'leader', 'running'));
  assert.match(roles(...both, member('p-2'), refuses).reason, /primary of postgres: .*seen p-0, p-1/);
  assert.match(
    roles(...three.slice(0, 2), member('p-2', 'replica', 'running'), refuses).reason,
    /p-2.*running/,
  );
});

test('should accept nodes that have joined, and refuse a condition of the store that does not hold', () => {
  const node = (name: string, role: string): Seen => [
    'member',
    { store: 'elasticsearch', name, role, state: 'joined' },
  ];
  const joined = [node('e-0', 'master'), node('e-1', 'data'), node('e-2', 'data')];
  const health = (ok: boolean, now: string): Seen => [
    'condition',
    { store: 'elasticsearch', name: 'health', ok, expected: 'green', seen: now },
  ];
  const eligible: Seen = [
    'condition',
    { store: 'elasticsearch', name: 'master-eligible nodes', ok: true, expected: 'at least 3', seen: '3' },
  ];
  const verdict = (...more: Seen[]) => {
    const seen = [...more, eligible];
    return rolesOf({ stores: { elasticsearch: { members: 3 } } }, [
      described('elasticsearch', seen),
      ...seen,
    ]);
  };
  assert.equal(verdict(...joined, health(true, 'green')).verdict, 'pass');
  const judgement = verdict(...joined, health(false, 'yellow, 1 unassigned'));
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /health of elasticsearch: expected green, seen yellow/);
  const other: Seen = ['condition', { ...health(true, 'green')[1], name: 'edition' }];
  for (const seen of [[], [other], [eligible]])
    assert.equal(verdict(...joined, ...seen).verdict, 'inconclusive', 'nobody says how its health is');
});

test('should not know of a condition that cannot be seen, and refuse one that does not hold', () => {
  const queues = (ok: boolean | null): Seen[] => [
    ['described', { store: 'rabbitmq', leader: null }],
    ['member', { store: 'rabbitmq', name: 'rabbitmq-0', role: 'peer', state: 'running' }],
    ['condition', { store: 'rabbitmq', name: 'quorum queues', ok, expected: 'all quorum', seen: 'none' }],
    ['condition', { store: 'rabbitmq', name: 'virtual hosts', ok: true, expected: 'x', seen: 'x' }],
  ];
  const judged = (ok: boolean | null): string =>
    judge({
      check: 'topology/workloads/roles',
      settings: { stores: { rabbitmq: { members: 1 } } },
      seen: queues(ok),
    }).verdict;
  assert.deepEqual([judged(true), judged(null), judged(false)], ['pass', 'inconclusive', 'fail']);
});

test('should not know a role that the store does not have', () => {
  const redis = (role: string) => {
    const seen = ['redis-0', 'redis-1'].map((name, i): Seen => [
      'member',
      { store: 'redis', name, role: i === 0 ? 'master' : role, state: i === 0 ? 'running' : 'streaming' },
    ]);
    return rolesOf({ stores: { redis: { members: 2 } } }, [described('redis', seen), ...seen]).verdict;
  };
  assert.equal(redis('replica'), 'pass');
  assert.equal(redis('sync_standby'), 'inconclusive', 'that is one of PostgreSQL');
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
    roles(...three, [
      'read-service',
      { store: 'postgres', address: 'r:5432', refused: null, detail: 'timeout' },
    ]).verdict,
    'inconclusive',
  );
  assert.equal(roles(...three).verdict, 'inconclusive');
});

test('should fail, not be inconclusive, when a declared store is down', () => {
  assert.equal(
    rolesOf({ stores }, [
      ['store-down', { store: 'postgres', cause: 'refuses', reason: 'no member answered' }],
      refuses,
    ]).verdict,
    'fail',
  );
});

test('false verdict 16: a store that nobody asked has not lost its primary', () => {
  const judgement = rolesOf({ stores }, [refuses]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.doesNotMatch(judgement.reason, /exactly one/);
});

test('false verdict 17: a store that cannot be asked is inconclusive, and the others are judged', () => {
  const unasked: Seen = [
    'store-unasked',
    { store: 'postgres', cause: 'tls', reason: 'wrong version number' },
  ];
  const judgement = rolesOf({ stores }, [unasked, refuses]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /postgres: .*it cannot be queried: wrong version number/);
  const both = { stores: { ...stores, redis: { members: 3 } } };
  const down: Seen = ['store-down', { store: 'redis', cause: 'silent', reason: 'no Sentinel answers' }];
  assert.match(rolesOf(both, [unasked, refuses, down]).reason, /^redis: .*no Sentinel answers/);
});

test("false verdict 12: the leader's own state is judged", () => {
  const judgement = roles(member('p-0', 'leader', 'starting'), ...three.slice(1), refuses);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /p-0: expected a member that serves .*seen leader, starting/);
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
    rolesOf({ stores: { neo4j: { members } } }, [described('neo4j', seen), ...seen]);
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
