import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeFacts } from '../../../reports/record/facts/store-facts.ts';
import type { SettingKinds } from '../../../reports/record/facts/store-facts.ts';
import { governingGap } from './governing.ts';
import { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const changed = (
  change: (seen: { name?: string; value?: string }) => unknown,
  settings = {},
): string | null => {
  const trial = new Synthetic();
  Object.assign(trial.outline.settings, settings);
  for (const seen of trial.observations) if (seen.kind === 'governing') change(seen);
  return governingGap(trial.history());
};

test('should know every setting that governs, and its kind', () => {
  assert.equal(
    changed(() => null),
    null,
  );
  const renamed = changed((seen) => seen.name === 'ttl' && Object.assign(seen, { name: 'loop_wait' }));
  assert.match(renamed ?? '', /were not read: ttl/);
  const renewed = changed((seen) => seen.name === 'ttl' && Object.assign(seen, { value: '5' }));
  assert.match(renewed ?? '', /the leader lease \(ttl\) expires before it is renewed/);
  const word = changed((seen) => seen.name === 'fsync' && Object.assign(seen, { value: '5' }));
  assert.match(word ?? '', /fsync is "5", which is not a valid value/);
});

test('should ask for the settings of a manager only where one is declared', () => {
  const without = new Synthetic();
  without.observations = without.observations.filter(
    (one) => one.kind !== 'governing' || !['ttl', 'loop_wait'].includes(one.name),
  );
  assert.match(governingGap(without.history()) ?? '', /were not read: ttl, loop_wait/);
  Object.assign(without.outline.settings, { stores: { postgres: { members: 3 } } });
  assert.equal(governingGap(without.history()), null);
});

test('should hold what governs against what the environment declares', () => {
  const stores = { postgres: { members: 3, durability: { fsync: 'on' } } };
  assert.equal(
    changed(() => null, { stores }),
    null,
  );
  const off = changed((seen) => seen.name === 'fsync' && Object.assign(seen, { value: 'off' }), { stores });
  assert.match(off ?? '', /fsync is declared as "on", but has another value/);
  const either = { postgres: { members: 3, durability: { fsync: ['off', 'on'] } } };
  assert.equal(
    changed(() => null, { stores: either }),
    null,
  );
});

test('should hold what overrides a setting for a role against what the environment declares', () => {
  const postgres = { members: 3, durability: { synchronous_commit: 'on' } };
  const gap = (value: string, more: object = {}): string | null => {
    const trial = new Synthetic();
    Object.assign(trial.outline.settings, { stores: { postgres: { ...postgres, ...more } } });
    const at = trial.observations.findIndex(
      (one) => one.kind === 'governing' && one.name === 'synchronous_commit',
    );
    const override = { role: 'app', database: null };
    const own = trial.observations[at] ?? assert.fail('it was not read');
    trial.observations.splice(at + 1, 0, { ...own, value, source: 'role app', override } as typeof own);
    return governingGap(trial.history());
  };
  assert.equal(gap('on'), null);
  assert.equal(gap('off'), 'synchronous_commit is declared as "on", but is "off" for role app');
  assert.equal(gap('off', { durabilityOverrides: [{ role: 'app', reason: 'r' }] }), null);
  assert.equal(gap('off', { durability: { fsync: 'on' } }), null, 'nothing is declared of it');
});

test('should not hold the value of who asks for that of the server', () => {
  const hidden = (durability: object): string | null =>
    changed(
      (seen) =>
        seen.name === 'synchronous_commit' && Object.assign(seen, { hiddenBy: 'ALTER ROLE plumbline' }),
      { stores: { postgres: { members: 3, durability } } },
    );
  assert.match(
    hidden({ synchronous_commit: 'on' }) ?? '',
    /^synchronous_commit is declared as "on", and what the server itself has does not show: ALTER ROLE plumbline has set/,
  );
  assert.equal(hidden({ fsync: 'on' }), null, 'nothing is declared of it');
});

const NEO4J = [
  ['edition', 'community', 'dbms.components()'],
  ['members', '3', 'SHOW DATABASES'],
  ['db.checkpoint', 'PERIODIC', 'SHOW SETTINGS'],
  ['db.checkpoint.interval.time', '15m', 'SHOW SETTINGS'],
  ['db.checkpoint.interval.tx', '100000', 'SHOW SETTINGS'],
  ['db.recovery.fail_on_missing_files', 'true', 'SHOW SETTINGS'],
  ['db.tx_log.preallocate', 'true', 'SHOW SETTINGS'],
  ['db.tx_log.rotation.retention_policy', '256M size', 'SHOW SETTINGS'],
  ['dbms.cluster.raft.election_failure_detection_window', '3s-6s', 'SHOW SETTINGS'],
  ['dbms.routing_ttl', '5m', 'SHOW SETTINGS'],
  ['server.databases.read_only', '', 'SHOW SETTINGS'],
] as const;

test('should want the time for which clients of Neo4j keep a route', () => {
  const gap = (rows: readonly (readonly [string, string, string])[]): string | null => {
    const trial = new Synthetic({ check: 'failover/neo4j/pod-crash' }).without('governing');
    for (const [name, value, source] of rows) trial.see(-100, 'governing', { name, value, source });
    return governingGap(trial.history());
  };
  assert.equal(gap(NEO4J), null);
  assert.match(
    gap(NEO4J.filter(([name]) => name !== 'dbms.routing_ttl')) ?? '',
    /were not read: dbms\.routing/,
  );
});

test('should ask for the settings of the product that is declared', () => {
  const { read, instead } = storeFacts('elasticsearch').governing;
  const gapOf = (declared: object, kinds: SettingKinds): string | null => {
    const trial = new Synthetic();
    trial.outline.check = 'failover/elasticsearch/pod-crash';
    Object.assign(trial.outline.settings, { stores: { elasticsearch: { members: 3, ...declared } } });
    trial.observations = [];
    const value = (name: string): string =>
      name.endsWith('block') ? 'write' : name.endsWith('count') ? '3' : '1s';
    for (const name of Object.keys(kinds))
      trial.see(-100, 'governing', { name, value: value(name), source: '_cluster/settings, defaults' });
    return governingGap(trial.history());
  };
  const opensearch = instead?.read ?? {};
  assert.equal(gapOf({}, read), null);
  assert.equal(gapOf({ product: 'opensearch' }, opensearch), null);
  assert.match(
    gapOf({ product: 'opensearch' }, read) ?? '',
    /were not read: cluster.no_cluster_manager_block/,
  );
  assert.match(gapOf({}, opensearch) ?? '', /were not read: cluster.no_master_block/);
});

const REDIS = {
  'SENTINEL MASTER at s:1': {
    'down-after-milliseconds': '5000',
    'failover-timeout': '10000',
    'parallel-syncs': '1',
    quorum: '2',
    'num-other-sentinels': '2',
    'num-slaves': '2',
  },
  'CONFIG GET at m:1': {
    appendonly: 'yes',
    appendfsync: 'everysec',
    'no-appendfsync-on-rewrite': 'no',
    'aof-load-truncated': 'yes',
    save: '',
    'min-replicas-to-write': '1',
    'min-replicas-max-lag': '2',
    'replica-serve-stale-data': 'yes',
    'repl-timeout': '10',
    'repl-ping-replica-period': '1',
    'repl-diskless-sync': 'yes',
    'maxmemory-policy': 'noeviction',
  },
  Plumbline: { 'WAIT replicas': '1', 'WAIT milliseconds': '400' },
};

test('should want the settings of Sentinels whole, or none of them where the master has a declared address', () => {
  const gap = (isThere: (name: string) => boolean): string | null => {
    const trial = new Synthetic({ check: 'failover/redis/pod-crash' }).without('governing');
    for (const [source, settings] of Object.entries(REDIS))
      for (const [name, value] of Object.entries(settings))
        if (isThere(name)) trial.see(-100, 'governing', { name, value, source });
    return governingGap(trial.history());
  };
  const ofSentinel = Object.keys(storeFacts('redis').governing.perThing ?? {});
  assert.equal(ofSentinel.length, 6);
  assert.equal(
    gap(() => true),
    null,
  );
  assert.equal(
    gap((name) => !ofSentinel.includes(name)),
    null,
  );
  for (const lost of Object.values(REDIS).flatMap((settings) => Object.keys(settings)))
    assert.equal(
      gap((name) => name !== lost),
      `settings that govern the failover were not read: ${lost}`,
    );
});

test('should count the copies of a database of Neo4j Enterprise, not the servers that hold none', () => {
  const gap = (copies: string, secondaries: number): string | null => {
    const enterprise = { primaries: 3, secondaries };
    const stores = { neo4j: { members: 5, manager: 'enterprise', enterprise } };
    const trial = new Synthetic({ check: 'failover/neo4j/pod-crash', settings: { stores } }).without(
      'governing',
    );
    const windows = ['election', 'leader'].map(
      (of) => [`dbms.cluster.raft.${of}_failure_detection_window`, '3s-6s', 'SHOW SETTINGS'] as const,
    );
    for (const [name, value, source] of [
      ['primaries', '3', 'SHOW DATABASES'] as const,
      ...windows,
      ...NEO4J.filter(([name]) => !name.startsWith('dbms.cluster.')),
    ])
      trial.see(-100, 'governing', { name, value: name === 'members' ? copies : value, source });
    return governingGap(trial.history());
  };
  assert.equal(gap('3', 0), null);
  assert.equal(gap('4', 1), null);
  assert.match(gap('3', 1) ?? '', /another number of members than declared, or of copies/);
});
