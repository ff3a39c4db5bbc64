import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { answerOfMaster, serving } from '../../probes/redis/_testing/server.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { stores } from './stores.ts';

const staging = await loadEnvironment('staging');
const KUBE = (): Promise<never> => Promise.reject(new Error('not expected'));
const REDIS = { checks: ['failover/redis/pod-crash'] };

/** A managed Redis alone: its Sentinels and its address are at this port. */
function redisAt(port: number): Environment {
  const { statefulSet: _, container: _c, peers: _p, ...redis } = staging.stores.redis ?? assert.fail();
  const at = { host: '127.0.0.1', port };
  const sentinel = { ...(redis.sentinel ?? assert.fail()), addresses: [{ ...at }] };
  return { ...staging, stores: { redis: { ...redis, primary: at, sentinel, members: 1 } } };
}

/** Situations have one plan: a store without pods has no check of faults. */
async function lookedAt(environment: Environment, reached = true): Promise<Item[]> {
  const of = situationOf(environment, reached ? KUBE : null);
  const { running } = situationOf(staging, null, REDIS);
  return stores.look({ ...of, running });
}

test('should name a store where nothing listens, and its cause', async (t) => {
  for (const name of ['PLUMBLINE_REDIS_PASSWORD', 'PLUMBLINE_SENTINEL_PASSWORD'])
    setVariable(t, name, 'geheim');
  const items = await lookedAt(redisAt(1));
  assert.ok(items.length >= 3);
  for (const { state, detail, add } of items) {
    assert.equal(state, 'missing');
    assert.match(detail, /refused/);
    assert.match(add ?? '', /a way from this machine to 127\.0\.0\.1:1 /);
  }
});

test('should mention that a service lists other members than are declared for its address', async (t) => {
  setVariable(t, 'PLUMBLINE_REDIS_PASSWORD', 'geheim');
  await serving(answerOfMaster, async (port) => {
    const environment = redisAt(port);
    const { sentinel: _, ...redis } = environment.stores.redis ?? assert.fail();
    const members = async (declared: number): Promise<Item> => {
      const cluster = { ...redis, cluster: { replicas: 0 }, members: declared };
      const items = await lookedAt({ ...environment, stores: { redis: cluster } });
      return items.find(({ what }) => what === 'stores.redis: members') ?? assert.fail();
    };
    const [right, wrong] = [await members(1), await members(2)];
    assert.deepEqual([right.state, right.notice], ['ok', undefined], right.detail);
    assert.deepEqual([wrong.state, wrong.notice], ['ok', true]);
    assert.match(wrong.detail, /^answers; 1 seen, .*; members: expected 2, seen 1$/);
  });
});

test('should not mistake a server that refuses the account for one that is away', async (t) => {
  for (const name of ['PLUMBLINE_REDIS_PASSWORD', 'PLUMBLINE_SENTINEL_PASSWORD'])
    setVariable(t, name, 'geheim');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () =>
      socket.write('-WRONGPASS invalid username-password pair or user is disabled.\r\n'),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const items = await lookedAt(redisAt((server.address() as AddressInfo).port));
  server.close();
  const login = items.find(({ what }) => what.includes('login')) ?? assert.fail();
  assert.equal(login.state, 'missing');
  assert.match(login.detail, /refuses the account/);
  assert.match(login.add ?? '', /stores\.redis \(user, password, or the key in their place\)/);
});

test('should say that the password could not be read, and not ask', async (t) => {
  setVariable(t, 'PLUMBLINE_REDIS_PASSWORD', undefined);
  const [item, ...more] = await lookedAt(redisAt(1));
  assert.deepEqual([item?.state, more], ['unknown', []]);
  assert.match(item?.detail ?? '', /PLUMBLINE_REDIS_PASSWORD is not set/);
});

test('should not need a store that no planned check asks, and try its addresses without a cluster', async () => {
  const { redis } = redisAt(1).stores;
  const all = { ...staging, stores: { ...staging.stores, redis } };
  const others = (await lookedAt(all, false)).filter(({ state }) => state === 'not needed');
  assert.deepEqual(
    others.map(({ what }) => what),
    ['stores.postgres', 'stores.rabbitmq', 'stores.elasticsearch', 'stores.neo4j'],
  );
  const unreached = await lookedAt(redisAt(1), false);
  assert.deepEqual([...new Set(unreached.map(({ state }) => state))].toSorted(), ['missing', 'unknown']);
});
