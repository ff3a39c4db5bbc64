import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreTarget } from '../../store/store-driver.ts';
import { answerOfMaster, serving, targetOf } from '../_testing/server.ts';
import { store } from '../declaration.ts';
import { redisStore } from '../declared.ts';
import { serverFacts } from '../settings.ts';
import { beginning, clusterKey, tagsIn } from './keys.ts';
import { nodesIn, redirectIn, shardsOf } from './nodes.ts';
import { leastOf, Owners, redirected } from './owners.ts';
import { inAll, mastersOf } from './readback.ts';
import { Seeds } from './seeds.ts';
import { worst } from './session.ts';
import { expectedWindow, inTurn } from './settings.ts';
import { outside, slotOf, tagIn } from './slots.ts';
import { describe, problemsOf, steady } from './state.ts';
import { firstShardOf, isFailed, leaderIn, ownerOf, shardsIn } from './view.ts';
import type { ClusterMember } from './view.ts';

/** As Redis 7.0 answers. */
const NODES = [
  'aaa 198.18.0.10:6379@16379 myself,master - 0 1 1 connected 0-5460',
  'bbb 198.18.0.11:6379@16379,host-b master - 0 1 2 connected 5461-10922',
  'ccc 198.18.0.12:6379@16379 master - 0 1 3 connected 10923-16383 [10923->-aaa]',
  'ddd 198.18.0.13:6379@16379 slave aaa 0 1 1 connected',
  'eee 198.18.0.14:6379@16379 slave bbb 0 1 2 connected',
  'fff 198.18.0.15:6379@16379 slave ccc 0 1 3 connected',
  '',
].join('\n');
const AT = { host: '198.18.0.10', port: 6379 };
const OK = { cluster_state: 'ok', cluster_slots_assigned: '16384', cluster_slots_ok: '16384' };

/** Every member as it would answer; `changed` rewrites what one of them lists. */
function members(changed: Readonly<Record<string, (listed: string) => string>> = {}): ClusterMember[] {
  return ['aaa', 'bbb', 'ccc', 'ddd', 'eee', 'fff'].map((id, i) => {
    const own = NODES.replace('myself,', '').replace(new RegExp(`^(${id} \\S+) `, 'm'), '$1 myself,');
    const nodes = nodesIn((changed[id] ?? ((listed: string) => listed))(own), AT);
    const self = nodes.find(({ flags }) => flags.includes('myself')) ?? null;
    const name = `redis-${i}`;
    return {
      name,
      member: { name, address: `198.18.0.${10 + i}` },
      self,
      nodes,
      info: OK,
      linkUp: i > 2,
      offset: 1,
    };
  });
}
const view = (of: ClusterMember[]) => ({
  declaredMembers: 6,
  replicas: 1,
  members: of,
  shards: shardsIn(of),
});

/** Two servers, of which the second follows the first, and an address that leads to one of them. */
async function behindOneAddress(
  leadsTo: 'master' | 'replica',
  work: (target: StoreTarget, names: [string, string]) => Promise<void>,
): Promise<void> {
  let [master, replica] = [0, 0];
  const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  const nodes = (own: number): string =>
    [
      `aaa 127.0.0.1:${master}@1 ${own === master ? 'myself,' : ''}master - 0 1 1 connected 0-16383`,
      `bbb 127.0.0.1:${replica}@1 ${own === replica ? 'myself,' : ''}slave aaa 0 1 1 connected\n`,
    ].join('\n');
  const answer = (words: readonly string[], port: number): string => {
    if (words[1] === 'NODES') return bulk(nodes(port));
    if (words[1] === 'INFO')
      return bulk(
        Object.entries(OK)
          .map((pair) => `${pair.join(':')}\r\n`)
          .join(''),
      );
    return words[0] === 'INFO' && port === replica
      ? bulk('role:slave\r\nmaster_link_status:up\r\n')
      : answerOfMaster(words, port);
  };
  await serving(answer, (first) =>
    serving(answer, async (second) => {
      [master, replica] = [first, second];
      const port = leadsTo === 'master' ? first : second;
      const of = targetOf(port, { cluster: { replicas: 1 }, members: 2 });
      const address = { name: 'cache.example.com', address: '127.0.0.1', port, standsForAll: true } as const;
      const names: [string, string] = [`127.0.0.1:${first}`, `127.0.0.1:${second}`];
      await work({ ...of, members: () => Promise.resolve([address]) }, names);
    }),
  );
}

test('should ask every node that is listed behind one address, whichever of them answers there', async () => {
  for (const leadsTo of ['master', 'replica'] as const)
    await behindOneAddress(leadsTo, async (target, [master, replica]) => {
      const { leader, members: seen } = await describe(target, { deadlineMs: 2_000 });
      assert.equal(leader, master, leadsTo);
      assert.deepEqual(seen, [
        { name: master, role: 'master', state: 'running' },
        { name: replica, role: 'replica', state: 'streaming' },
      ]);
      const { ok, detail } = await steady(target, { deadlineMs: 2_000 });
      assert.ok(ok, detail);
      const facts = await serverFacts(target, { deadlineMs: 2_000 });
      assert.deepEqual(
        facts.map(({ member }) => member),
        [master, replica],
      );
    });
});

test('should say so where nothing answers at the address', async () => {
  const at = { name: 'cache.example.com', address: '127.0.0.1', port: 1, standsForAll: true } as const;
  const target = { ...targetOf(1, { cluster: { replicas: 1 } }), members: () => Promise.resolve([at]) };
  await assert.rejects(describe(target, { deadlineMs: 2_000 }), /no member answers: ECONNREFUSED/);
});

test('should find the slot of a key as the specification of Redis Cluster does', () => {
  assert.equal(slotOf('123456789'), 0x31c3);
  assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'));
  assert.equal(slotOf('foo{}{bar}'), slotOf('foo{}{bar}'));
  assert.notEqual(
    slotOf('foo{}{bar}'),
    slotOf('bar'),
    'nothing between the first braces: the whole key counts',
  );
  for (const range of [
    [0, 5460],
    [16_383, 16_383],
  ] as const) {
    const slot = slotOf(clusterKey('run/1', tagIn([range])));
    assert.ok(range[0] <= slot && slot <= range[1], `${slot} in ${range.join('-')}`);
  }
});

test('should read nodes, their slots and whom they follow', () => {
  const nodes = nodesIn(NODES, AT);
  assert.deepEqual(
    nodes.map(({ id, masterId, slots, epoch }) => [id, masterId, slots.length, epoch]).slice(2, 4),
    [
      ['ccc', null, 1, 3],
      ['ddd', 'aaa', 0, 1],
    ],
  );
  assert.deepEqual(
    shardsOf(nodes).map(({ master }) => master.host),
    ['198.18.0.10', '198.18.0.11', '198.18.0.12'],
  );
  const alone = nodesIn('aaa :7000@17000 myself,master - 0 0 0 connected', { host: 'asked', port: 1 });
  assert.deepEqual(alone[0]?.address, { host: 'asked', port: 7000 });
});

test('should follow a redirection, and nothing else', () => {
  assert.deepEqual(redirectIn(new Error('MOVED 3999 198.18.0.1:6381'), AT), {
    asking: false,
    at: { host: '198.18.0.1', port: 6381 },
  });
  assert.deepEqual(redirectIn(new Error('ASK 3999 :6381'), AT), {
    asking: true,
    at: { host: AT.host, port: 6381 },
  });
  assert.equal(redirectIn(new Error('CLUSTERDOWN Hash slot not served'), AT), null);
  assert.equal(redirectIn('OK', AT), null);
});

test('should find nothing wrong with a whole cluster, whose first shard leads', () => {
  const whole = view(members());
  assert.deepEqual(problemsOf(whole), []);
  assert.equal(leaderIn(whole.shards), 'redis-0');
});

const promoted = (listed: string): string =>
  listed
    .replace('myself,slave aaa 0 1 1 connected', 'myself,master - 0 1 4 connected 0-5460')
    .replace('master - 0 1 1 connected 0-5460', 'master,fail - 0 1 1 connected');

test('should see two masters of the same slots, and let the one with the higher epoch be right', () => {
  const split = view(members({ ddd: promoted }));
  assert.equal(leaderIn(split.shards), null);
  assert.match(problemsOf(split).join('; '), /one master of slot 0, seen redis-3, redis-0/);
  assert.match(
    problemsOf(split).join('; '),
    /every member to name redis-3 as the master of slot 0, seen others at/,
  );
  assert.equal(ownerOf(0, split.members)?.id, 'ddd');
});

test('should say that a master is down only when a majority holds it to be', () => {
  const [owner] = nodesIn(NODES, AT);
  const marked = (flag: string) =>
    members({
      bbb: (listed) => listed.replace('6379@16379 master - 0 1 1', `6379@16379 master,${flag} - 0 1 1`),
    });
  assert.equal(isFailed(owner ?? assert.fail(), marked('fail?')), false);
  assert.equal(isFailed(owner ?? assert.fail(), marked('fail')), true);
});

test('should miss slots, shards, replicas and members', () => {
  const lacking = members().filter(({ name }) => name !== 'redis-2' && name !== 'redis-4');
  const found = problemsOf(view(lacking)).join('; ');
  assert.match(found, /6 members, seen 4: redis-0, redis-1, redis-3, redis-5; 3 shards, seen 2/);
  assert.match(found, /16384 slots to have a master, seen 10923/);
  assert.match(found, /1 replicas of redis-1 streaming, seen 0/);
  const [first, ...others] = members();
  const down = { ...(first ?? assert.fail()), info: { ...OK, cluster_state: 'fail' } };
  assert.match(problemsOf(view([down, ...others])).join(), /cluster_state ok at redis-0, seen fail/);
});

test('should name nobody as the leader while the first shard has no master', () => {
  const without = members().filter(({ name }) => name !== 'redis-0');
  assert.equal(leaderIn(shardsIn(without)), null);
});

const silent = (of: ClusterMember[], ...names: string[]): ClusterMember[] =>
  of.map((one) =>
    names.includes(one.name)
      ? { ...one, self: null, nodes: [], info: {}, linkUp: false, failed: 'ECONNREFUSED' }
      : one,
  );

test('should take settings from the master of the first shard, and from who answers while there is none or several', () => {
  const asked = (of: ClusterMember[]): string[] => inTurn(of).map(({ name }) => name);
  const away = (...names: string[]): string => asked(silent(members(), ...names)).join(' ');
  assert.equal(away('redis-2', 'redis-5'), 'redis-0 redis-1 redis-3 redis-4');
  assert.equal(asked(members({ ddd: promoted })).length, 6);
  assert.equal(away('redis-0', 'redis-3'), 'redis-1 redis-2 redis-4 redis-5');
});

test('should count as holders of the first shard its master and its replicas, whoever leads', () => {
  assert.deepEqual(firstShardOf(members()), ['redis-0', 'redis-3']);
  assert.deepEqual(firstShardOf(members({ ddd: promoted })), ['redis-0', 'redis-3']);
  assert.deepEqual(firstShardOf(silent(members(), 'redis-0')), ['redis-3']);
  assert.deepEqual(firstShardOf(silent(members(), 'redis-0', 'redis-3')), []);
});

test('should ask another node after one that named a master at which a write failed, and that master last', () => {
  const [old, second, third, fourth] = [10, 11, 12, 13].map((n) => ({ host: `198.18.0.${n}`, port: 6379 }));
  assert.ok(old && second && third && fourth);
  const seeds = new Seeds(old);
  seeds.add([old, second, third, fourth]);
  // It names itself: it was cut off.
  seeds.doubt(old, old);
  assert.equal(seeds.next(), second);
  // Nobody is elected yet, so that every other one names the old master, too.
  for (const next of [third, fourth, second, third]) {
    seeds.doubt(seeds.next(), old);
    assert.equal(seeds.next(), next);
  }
});

test('should know that a master was replaced by the epoch of its successor, and by nothing less', () => {
  const [old, successor] = [10, 13].map((n) => ({ host: `198.18.0.${n}`, port: 6379 }));
  assert.ok(old && successor);
  const owners = new Owners();
  const shard = (master: typeof old, epoch: number) => ({ tag: 'a', master, epoch });
  owners.note([shard(old, 1), { tag: 'b', master: old, epoch: 1 }]);
  assert.equal(owners.isReplaced(shard(old, 1)), false);
  owners.note([shard(successor, 7)]);
  // It is cut off, and still names itself.
  owners.note([shard(old, 1)]);
  assert.equal(owners.isReplaced(shard(old, 1)), true);
  assert.equal(owners.isReplaced({ tag: 'b', master: old, epoch: 1 }), false);
  assert.equal(owners.isReplaced(shard(successor, 7)), false);
  assert.equal(owners.isReplaced(redirected(shard(old, 1), old)), false, 'who was redirected to it');
  // It is elected again: a session from before is with the right one.
  owners.note([shard(old, 9)]);
  assert.equal(owners.isReplaced(shard(old, 1)), false);
  assert.equal(owners.isReplaced(shard(successor, 7)), true);
});

test('should let no shard that was replaced hide what a master of another has lost', () => {
  const read = (highest: number, by: '' | '@replaced' | '@replica' = '') => ({ highest, by });
  assert.equal(leastOf([read(60), read(58)]), '58');
  assert.equal(leastOf([read(60), read(50), read(40, '@replaced')]), '50');
  assert.equal(leastOf([read(60), read(40, '@replica')]), '60');
  assert.equal(leastOf([read(50, '@replica'), read(40, '@replaced')]), '40@replaced');
});

test('should read nothing back while slots are not served, though every member calls the cluster ok', () => {
  const written: unknown[] = [];
  const request = { run: 'run', write: (one: unknown) => void written.push(one) };
  const of = silent(members(), 'redis-0', 'redis-3');
  assert.equal(mastersOf(request, of, shardsIn(of)), null);
  assert.match(
    JSON.stringify(written),
    /"readback-failed".*expected a master of every slot, seen: none of slots 0-5460; redis-0: ECONNREFUSED; redis-1: myself,master/,
  );
  const whole = members();
  assert.deepEqual(
    mastersOf(request, whole, shardsIn(whole))?.map(({ name }) => name),
    ['redis-0', 'redis-1', 'redis-2'],
  );
  assert.equal(written.length, 1);
});

test('should find the slots that nobody serves', () => {
  assert.deepEqual(outside([]), [[0, 16_383]]);
  assert.deepEqual(outside([[0, 16_383]]), []);
  assert.deepEqual(
    outside([
      [12_000, 16_382],
      [5, 10],
      [8, 20],
    ]),
    [
      [0, 4],
      [21, 11_999],
      [16_383, 16_383],
    ],
  );
});

test('should call a write acknowledged by all shards, refused by all, or unknown', () => {
  const [ok, fail, unknown] = (['ok', 'fail', 'unknown'] as const).map((outcome) => ({
    outcome,
    detail: outcome,
  }));
  const of = (...results: (typeof ok)[]) => worst(results.flatMap((one) => one ?? [])).outcome;
  assert.deepEqual(
    [of(ok, ok), of(fail, fail), of(ok, fail), of(fail, unknown)],
    ['ok', 'fail', 'unknown', 'unknown'],
  );
});

test('should count as there what every shard has, and as twice what one of them has twice', () => {
  assert.deepEqual(
    inAll([
      [1, 2, 3],
      [3, 1, 1],
      [1, 3, 4],
    ]),
    [1, 1, 3],
  );
  assert.deepEqual(inAll([]), []);
});

test('should know lists that belong together by their first element', () => {
  assert.deepEqual(tagsIn(beginning(['0', '5'])), ['0', '5']);
  assert.equal(tagsIn('7'), null);
  assert.equal(tagsIn(undefined), null);
});

test('should expect a failover by the node time-out', () => {
  const governing = [{ name: 'cluster-node-timeout', value: '5000', source: 'test' }];
  const windows = ['pod-crash', 'hang', 'switchover'].map((fault) => {
    const { loMs, hiMs } = expectedWindow(fault, governing) ?? assert.fail(fault);
    return [loMs, hiMs];
  });
  assert.deepEqual(windows, [
    [1000, 12_000],
    [3000, 12_000],
    [0, 2000],
  ]);
  assert.equal(expectedWindow('hang', []), null);
});

test('should take its replicas from the declaration', () => {
  const connection = { host: 'p', port: 6379, database: '', user: '', password: '' };
  const wait = { replicas: 0, milliseconds: 400 };
  assert.equal(redisStore({ ...connection, declared: { wait, cluster: {} } }).clusterReplicas, 1);
  assert.equal(redisStore({ ...connection, declared: { wait } }).clusterReplicas, null);
});

test('should wait for no replica that a promoted master does not have, unless the declaration says so', () => {
  const parsed = (own: object) =>
    store.schema.safeParse({ members: 6, primary: { host: 'p', port: 6379 }, ...own });
  const waits = (own: object): number =>
    (parsed(own).data as { wait: { replicas: number } } | undefined)?.wait.replicas ?? assert.fail();
  assert.deepEqual(
    [{}, { cluster: {} }, { cluster: { replicas: 2 } }, { cluster: { replicas: 0 } }].map(waits),
    [1, 0, 1, 0],
  );
  assert.equal(waits({ cluster: {}, wait: { milliseconds: 100 } }), 0);
  assert.equal(waits({ cluster: {}, wait: { replicas: 1 } }), 1, 'a failover may wait for the old master');
  const [issue] = parsed({ cluster: {}, wait: { replicas: 2 } }).error?.issues ?? [];
  assert.deepEqual(issue?.path, ['wait', 'replicas']);
  assert.match(issue.message, /more than cluster\.replicas, so that no write is .*; allowed: /);
});
