import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from 'ioredis';
import { askFailureOf, PeersError } from '../asking.ts';
import { redis } from './index.ts';
import { describe, problemsOf, unanswered } from './state.ts';
import type { ClusterView } from './state.ts';

const MASTER = { host: '198.18.0.10', port: 6379 };
const member = (name: string, last: number, role: 'master' | 'slave'): ClusterView['members'][number] => ({
  name,
  member: { name, address: `198.18.0.${last}` },
  role,
  announced: `198.18.0.${last}:6379`,
  masterAddress: role === 'slave' ? '198.18.0.10:6379' : null,
  linkUp: role === 'slave',
  offset: 1,
  followers:
    role === 'slave'
      ? []
      : [11, 12].map((other) => ({ address: `198.18.0.${other}:6379`, state: 'online', lag: 0 })),
});
const MEMBERS = [
  member('redis-0', 10, 'master'),
  member('redis-1', 11, 'slave'),
  member('redis-2', 12, 'slave'),
];

/** One master without Sentinels, so that only the members themselves are looked at. */
const view = (members: ClusterView['members'], declaredMembers: number | null): ClusterView => ({
  declaredSentinels: 0,
  declaredMembers,
  sentinelErrors: [],
  sentinels: [],
  sentinel: { source: 'declared', address: MASTER, flags: ['master'], configEpoch: 0, settings: {} },
  members,
  leader: 'redis-0',
});

test('should find nothing wrong when every declared member follows the master', () => {
  assert.deepEqual(problemsOf(view(MEMBERS, 3)), []);
});

test('should miss a member that is declared and has no address', () => {
  assert.deepEqual(problemsOf(view(MEMBERS.slice(0, 2), 3)), ['3 members, seen 2: redis-0, redis-1']);
  assert.deepEqual(problemsOf({ ...view([], 3), sentinel: null }), ['3 members, seen 0: none']);
});

test('should not count members where their number is not declared', () => {
  assert.deepEqual(problemsOf(view(MEMBERS.slice(0, 2), null)), []);
});

test('should describe no store whose members nobody finds, whoever of the Sentinels answers', async () => {
  const at = { host: '127.0.0.1', port: 1 };
  const connection = { ...at, database: '', user: '', password: '', declared: {} };
  const wait = { replicas: 1, milliseconds: 500 };
  for (const how of [{}, { cluster: { replicas: 1 } }]) {
    const declared = { ...how, wait };
    const target = { connection: { ...connection, declared }, members: () => Promise.resolve([]) };
    const error = await redis.describe(target, { deadlineMs: 2000 }).catch((thrown: unknown) => thrown);
    assert.deepEqual(askFailureOf(error), { kind: 'down', cause: 'absent' }, String(error));
  }
});

test('should say that nobody of the Sentinels answers, and keep what each said', async () => {
  const refusing = { host: '127.0.0.1', port: 1 };
  const sentinel = { master: 'tender', addresses: [refusing, refusing] };
  const declared = { sentinel, wait: { replicas: 1, milliseconds: 500 } };
  const connection = { ...refusing, database: '', user: '', password: '', declared };
  const target = { connection, members: () => Promise.resolve([]) };
  const error = await describe(target, { deadlineMs: 2000 }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof PeersError, String(error));
  assert.match(error.message, /^redis: no Sentinel answers: ECONNREFUSED; ECONNREFUSED$/);
});

test('should say what the Sentinels say where the code of their answer says nothing', () => {
  const none = new (ReplyError as new (message: string) => Error)('ERR No such master with that name');
  assert.equal(
    unanswered('Sentinel', [none]),
    'redis: no Sentinel answers: ERR No such master with that name',
  );
});
