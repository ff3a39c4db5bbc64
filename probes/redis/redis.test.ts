import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from 'ioredis';
import { adminLogin, redisStore } from './declared.ts';
import { errorClass, replyCode, DEFINITE_FAILURES } from './errors.ts';
import { nameOf, replicationIn } from './members.ts';
import { isDown, newest, pairs } from './sentinel.ts';
import type { SentinelView } from './sentinel.ts';
import { acknowledged, Moves } from './session.ts';
import { expectedWindow } from './settings.ts';

const reply = (message: string): Error => new (ReplyError as new (message: string) => Error)(message);
const settings = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, source: 'test' }));

test('only what the server refused before doing anything is a definite failure', () => {
  for (const message of [
    'NOREPLICAS Not enough good replicas to write.',
    "READONLY You can't write against a read only replica.",
    'LOADING Redis is loading the dataset in memory',
    'MASTERDOWN Link with MASTER is down',
    'NOAUTH Authentication required.',
  ])
    assert.ok((replyCode(reply(message)) ?? '') in DEFINITE_FAILURES, message);
  for (const message of ['UNBLOCKED force unblock from blocking operation', 'ERR something'])
    assert.ok(!((replyCode(reply(message)) ?? '') in DEFINITE_FAILURES), message);
  assert.equal(replyCode(new Error('READONLY')), null, 'not what a server said');
});

test('an error class is short and holds the code', () => {
  assert.equal(errorClass(reply('NOREPLICAS Not enough')), 'NOREPLICAS');
  assert.equal(errorClass(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })), 'ECONNRESET');
  assert.equal(errorClass(new Error(`a\n${'b'.repeat(200)}`)).length, 60);
});

test('a write is acknowledged when WAIT reached the number of replicas, and unknown when it did not', () => {
  assert.deepEqual(acknowledged(2, 1), { outcome: 'ok' });
  assert.deepEqual(acknowledged(0, 1), { outcome: 'unknown', detail: 'WAIT: 0 of 1 replicas' });
  const unblocked = reply('UNBLOCKED force unblock from blocking operation, instance state changed');
  assert.deepEqual(acknowledged(unblocked, 1), { outcome: 'unknown', detail: 'WAIT: UNBLOCKED' });
  assert.deepEqual(acknowledged(unblocked, 0), { outcome: 'ok' }, 'nobody asked for replicas');
});

test('a switch says which address the master has left', () => {
  const [one, other] = ['198.18.128.41', '198.18.128.42'];
  const moves = new Moves();
  moves.note('tender', 5);
  assert.equal(moves.isAway(`${one}:6379`), false);
  moves.note(`tender ${one} 6379 ${other} 6379`, 10);
  assert.deepEqual([moves.isAway(`${one}:6379`), moves.lastFrom(`${one}:6379`)], [true, 10]);
  assert.deepEqual([moves.isAway(`${other}:6379`), moves.lastFrom(`${other}:6379`)], [false, -Infinity]);
  moves.note(`tender ${other} 6379 ${one} 6379`, 20);
  assert.deepEqual([moves.isAway(`${one}:6379`), moves.isAway(`${other}:6379`)], [false, true]);
  assert.equal(moves.lastFrom(`${one}:6379`), 10, 'a connection from before that is not trusted again');
  // A replica is promoted, which clients are told of before the switch.
  moves.promoted(`slave ${other}:6379 ${other} 6379 @ tender ${one} 6379`);
  assert.deepEqual([moves.isAway(`${one}:6379`), moves.isAway(`${other}:6379`)], [true, false]);
  moves.promoted('tilt');
});

test('INFO tells role, whom a replica follows, and the replicas of a master', () => {
  const master = replicationIn(
    '# Replication\r\nrole:master\r\nconnected_slaves:1\r\nslave0:ip=198.18.128.41,port=6379,state=online,offset=42,lag=1\r\nmaster_repl_offset:43\r\n',
  );
  assert.deepEqual(master, {
    role: 'master',
    masterAddress: null,
    linkUp: false,
    offset: 43,
    followers: [{ address: '198.18.128.41:6379', state: 'online', lag: 1 }],
  });
  const replica = replicationIn(
    'role:slave\r\nmaster_host:198.18.128.40\r\nmaster_port:6379\r\nmaster_link_status:up\r\nslave_repl_offset:7\r\nmaster_repl_offset:9\r\n',
  );
  assert.equal(replica.masterAddress, '198.18.128.40:6379');
  assert.deepEqual([replica.linkUp, replica.offset], [true, 7]);
  assert.equal(replicationIn('').role, 'unknown');
});

const view = (given: Partial<SentinelView>): SentinelView => ({
  source: 's',
  address: { host: 'a', port: 1 },
  flags: ['master'],
  configEpoch: 0,
  settings: { ip: 'a', port: '1' },
  ...given,
});

test('of Sentinels that differ the one with the higher epoch is right', () => {
  const old = view({ source: 'cut off', configEpoch: 3 });
  const right = view({ source: 'in the majority', configEpoch: 4, address: { host: 'b', port: 1 } });
  assert.equal(newest([old, right])?.source, 'in the majority');
  assert.equal(newest([]), null);
});

test('a master is down when it is the one that clients are sent to, not the one before it', () => {
  const flags = ['master', 'o_down', 'failover_in_progress'];
  assert.ok(isDown(view({ flags })));
  assert.ok(!isDown(view({ flags, address: { host: 'promoted', port: 1 } })));
  assert.ok(!isDown(view({ flags: ['master', 's_down'] })), 'one Sentinel alone');
});

test('Sentinel names members by address or by host name', () => {
  const members = [
    { name: 'redis-0', address: '198.18.64.5' },
    { name: 'redis-1', address: '198.18.64.6', port: 7000 },
  ];
  assert.equal(nameOf('198.18.64.5:6379', members), 'redis-0');
  assert.equal(nameOf('198.18.64.6:7000', members), 'redis-1');
  assert.equal(nameOf('redis-1.redis.tender.svc.cluster.local:6379', members), 'redis-1');
  assert.equal(nameOf('198.18.64.6:6379', members), null);
});

test('the expected window follows from down-after and says how', () => {
  const governing = settings({ 'down-after-milliseconds': '5000' });
  const windows = ['pod-crash', 'pod-delete', 'hang', 'switchover'].map((fault) => {
    const window = expectedWindow(fault, governing) ?? assert.fail(`${fault}: a window was expected`);
    return [window.loMs, window.hiMs];
  });
  assert.deepEqual(windows, [
    [1000, 9500],
    [1000, 11_500],
    [4000, 9500],
    [0, 3500],
  ]);
  assert.match(expectedWindow('hang', governing)?.derivation ?? '', /down-after 5000 ms/);
  const known = [...governing, ...settings({ 'failover-timeout': '4000' })];
  assert.equal(expectedWindow('node-loss', known)?.hiMs, 17_500);
  assert.equal(expectedWindow('node-loss', governing), null);
  assert.equal(expectedWindow('hang', []), null);
  assert.equal(expectedWindow('something', governing), null);
});

test('the declaration says where the Sentinels are; without them the primary is the master', () => {
  const declared = {
    sentinel: { master: 'tender', addresses: [{ host: 's', port: 26379 }] },
    wait: { replicas: 1, milliseconds: 400 },
  };
  const connection = { host: 'p', port: 6379, database: '', user: '', password: 'one', declared };
  assert.equal(redisStore(connection).sentinelLogin.password, 'one');
  const other = redisStore({ ...connection, secrets: { sentinel: 'two' } });
  assert.deepEqual([other.sentinelLogin.password, other.login.password], ['two', 'one']);
  const alone = redisStore({ ...connection, declared: { wait: declared.wait } });
  assert.deepEqual([alone.sentinels, alone.primary], [[], { host: 'p', port: 6379 }]);
  assert.throws(() => redisStore({ ...connection, declared: {} }), /must declare wait/);
  assert.deepEqual(pairs(['a', '1', 'b', '2']), { a: '1', b: '2' });
});

test('should encrypt the account that may order a change of leader as it does the other', async () => {
  const declared = { wait: { replicas: 1, milliseconds: 400 } };
  const tls = { serverName: 'db.example.com' };
  const connection = { host: 'db', port: 1, database: '', user: 'canary', password: 'a', tls, declared };
  const admin = () => Promise.resolve({ user: 'admin', password: 'b' });
  const { user, password, tls: used } = await adminLogin({ connection, admin });
  assert.deepEqual([user, password, used], ['admin', 'b', tls]);
  assert.equal((await adminLogin({ connection })).user, 'canary');
});
