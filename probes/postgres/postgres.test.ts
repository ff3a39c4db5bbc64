import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { DatabaseError } from 'pg';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askFailureOf } from '../asking.ts';
import { PostgresLoadClient } from './session.ts';
import { store } from './declaration.ts';
import { errorClass, DEFINITE_FAILURES, sqlState } from './errors.ts';
import { leaderOf, patroniCluster, patroniMembers } from './managers/patroni/rest.ts';
import type { PatroniStatus } from './managers/patroni/rest.ts';
import { connectWithin, PostgresTimeout } from './query.ts';
import { walPosition } from './readback.ts';
import { expectedWindow } from './settings.ts';
import { followed, replicasIn } from './managers/patroni/index.ts';

const serverError = (code: string): DatabaseError =>
  Object.assign(new DatabaseError('cannot execute', 1, 'error'), { code });
const settings = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, source: 'test' }));

void test('a server that takes nobody now is asked again like one that refuses connections', () => {
  const client = new PostgresLoadClient(
    { host: '127.0.0.1', port: 1, database: 'd', user: 'u', password: 'p' },
    'run',
  );
  for (const state of ['53300', '57P03']) assert.equal(client.refused(serverError(state)), true, state);
  for (const state of ['28P01', '25006', '57P01'])
    assert.equal(client.refused(serverError(state)), false, state);
  assert.equal(client.refused(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), true);
});

void test('only what the server refused before doing anything is a definite failure', () => {
  assert.ok('25006' in DEFINITE_FAILURES);
  for (const state of ['57P01', '57014', '08006', '40001', '53300', '57P03'])
    assert.ok(!(state in DEFINITE_FAILURES), state);
  assert.equal(sqlState(serverError('25006')), '25006');
  assert.equal(sqlState(new Error('25006')), null);
});

void test('an error class is short and holds the code', () => {
  assert.equal(errorClass(serverError('25006')), '25006 cannot execute');
  assert.equal(errorClass(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })), 'ECONNRESET');
  assert.equal(errorClass(new Error(`a\n${'b'.repeat(200)}`)).length, 60);
});

void test('WAL positions compare as numbers', () => {
  assert.ok(walPosition('1/0') > walPosition('0/FFFFFFFF'));
  assert.ok(walPosition('0/10') > walPosition('0/F'));
  assert.throws(() => walPosition('null'), /not a WAL position/);
});

void test('the leader is who holds the lease', () => {
  const member = (name: string, role: string) => ({ name, role, state: 'running' });
  assert.equal(leaderOf({ members: [member('a', 'replica'), member('b', 'leader')] }), 'b');
  assert.equal(leaderOf({ members: [member('a', 'sync_standby')] }), null);
});

void test('the expected window follows from the live settings and says how', () => {
  const fast = settings({ ttl: '20', loop_wait: '5', primary_start_timeout: '0' });
  const crash = expectedWindow('pod-crash', fast) ?? assert.fail('a window was expected');
  assert.deepEqual([crash.loMs, crash.hiMs], [1000, 28_000]);
  assert.match(crash.derivation, /ttl 20 s/);
  const slow = expectedWindow(
    'pod-crash',
    settings({ ttl: '20', loop_wait: '5', primary_start_timeout: '300' }),
  );
  assert.equal(slow?.hiMs, 308_000);
  assert.deepEqual(
    [expectedWindow('pod-delete', fast)?.loMs, expectedWindow('pod-delete', fast)?.hiMs],
    [200, 10_000],
  );
  assert.equal(expectedWindow('pod-crash', settings({ ttl: '20' })), null);
  assert.equal(expectedWindow('something', fast), null);
  for (const fault of ['hang', 'node-loss']) {
    const window = expectedWindow(fault, fast);
    assert.deepEqual([window?.loMs, window?.hiMs], [15_000, 28_000], fault);
  }
  assert.deepEqual(expectedWindow('partition', fast, { also: ['api'] })?.hiMs, 28_000);
  assert.equal(expectedWindow('partition', fast), null);
  assert.equal(expectedWindow('switchover', fast)?.hiMs, 8_000);
});

async function listening(onConnection: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
const at = (port: number) => ({ host: '127.0.0.1', port, database: 'd', user: 'u', password: 'p' });

void test('a way that fails is tried again until the deadline, and the error is the last one', async () => {
  let attempts = 0;
  const server = await listening((socket) => {
    attempts++;
    socket.resetAndDestroy();
  });
  await assert.rejects(connectWithin(at(server.port), { deadlineMs: 350 }), /ECONNRESET|terminated/);
  assert.ok(attempts >= 2 && attempts <= 5, `${attempts} attempts`);
  server.close();
});

void test('a server that accepts and says nothing is given up at the deadline', async () => {
  const held: Socket[] = [];
  const server = await listening((socket) => held.push(socket));
  const began = performance.now();
  await assert.rejects(connectWithin(at(server.port), { deadlineMs: 200 }), PostgresTimeout);
  assert.ok(performance.now() - began < 800);
  for (const socket of held) socket.destroy();
  server.close();
});

void test('Patroni is asked on the port that the environment file declares', async () => {
  const server = createHttpServer((_request, response) => response.end('{"members":[]}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connection = { host: 'h', port: 5432, database: 'd', user: 'u', password: '' };
  const members = () => Promise.resolve([{ name: 'm', address: '127.0.0.1' }]);
  try {
    const declared = { patroni: { port, scope: 's' } };
    const [member] = await patroniMembers({ connection: { ...connection, declared }, members });
    assert.ok(member);
    assert.deepEqual(await patroniCluster(member, { deadlineMs: 2000 }), { members: [] });
  } finally {
    server.close();
  }
});

void test('a synchronous replica counts once Patroni has written it down: before that nobody may take over', () => {
  const replica = (application_name: string, sync_state: string) => ({
    application_name,
    sync_state,
    state: 'streaming',
  });
  const status = {
    role: 'primary',
    state: 'running',
    replication: [replica('b', 'sync'), replica('c', 'async')],
  } as unknown as PatroniStatus;
  const promised = { replicas: 2, synchronous: 1 };
  assert.equal(followed('a', { ...status, elected: 1 }, promised).ok, true);
  const early = followed('a', { ...status, elected: 0 }, promised);
  assert.equal(early.ok, false);
  assert.match(early.detail, /one synchronous, seen: .* 0 synchronous as Patroni has it/);
  assert.equal(followed('a', { ...status, elected: 0 }, { replicas: 2, synchronous: 0 }).ok, true);
});

void test('a subscriber, a backup and the copy that a member is made of are no replicas', () => {
  const receiver = (application_name: string) => ({ application_name, state: 'streaming', sync_state: null });
  const all = ['b', 'debezium', 'pg_basebackup', 'c', 'b', 'barman_receive_wal'].map(receiver);
  assert.deepEqual(
    replicasIn(all, ['a', 'b', 'c']).map(({ application_name: name }) => name),
    ['b', 'c'],
  );
});

void test('Patroni is asked by https where the environment file says so, held to the name of the store', async () => {
  const shown = await certificateFor('pg.test');
  const server = createHttpsServer(shown, (_request, response) => response.end('{"members":[]}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const members = () => Promise.resolve([{ name: 'm', address: '127.0.0.1' }]);
  const ask = async (serverName: string): Promise<unknown> => {
    const tls = { ca: shown.cert, serverName };
    const declared = { patroni: { port, scope: 's', tls: true } };
    const connection = { host: 'h', port: 5432, database: 'd', user: 'u', password: '', tls, declared };
    const [member] = await patroniMembers({ connection, members });
    return patroniCluster(member ?? assert.fail('no member'), { deadlineMs: 2000 });
  };
  try {
    assert.deepEqual(await ask('pg.test'), { members: [] });
    const error = await ask('other.test').catch((thrown: unknown) => thrown);
    assert.equal(askFailureOf(error).cause, 'tls', String(error));
  } finally {
    server.close();
  }
});

void test('Patroni by https needs to know whom to trust', () => {
  const declared = {
    statefulSet: { namespace: 'n', name: 'p' },
    container: 'c',
    members: 3,
    primary: { host: 'h', port: 5432 },
    database: 'd',
    user: 'u',
    password: { env: 'P' },
    services: { primary: 'p' },
    patroni: { port: 8008, scope: 's', tls: true },
  };
  const [issue] = store.schema.safeParse(declared).error?.issues ?? [];
  assert.deepEqual(issue?.path, ['patroni', 'tls']);
  assert.equal(store.schema.safeParse({ ...declared, tls: { ca: 'system' } }).success, true);
});

void test('a WARNING of a server that speaks another language leaves the write unknown', async () => {
  const message = (tag: string, ...parts: (string | Buffer)[]): Buffer => {
    const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length + size.length);
    return Buffer.concat([Buffer.from(tag), size, body]);
  };
  const ready = message('Z', 'I');
  const sync = message('S');
  const written = (notice: string): Buffer =>
    Buffer.concat([
      message('1'),
      message('2'),
      message('n'),
      message('N', notice),
      message('C', 'INSERT 0 1\0'),
      ready,
    ]);
  for (const [severity, code, result] of [
    ['WARNUNG', '01000', { outcome: 'unknown', detail: 'warning 01000' }],
    ['WARNING', '01000', { outcome: 'unknown', detail: 'warning 01000' }],
    ['HINWEIS', '00000', { outcome: 'ok' }],
  ] as const) {
    const server = await listening((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
        socket.on('data', (data) => {
          if (data.subarray(-sync.length).equals(sync))
            socket.write(written(`S${severity}\0C${code}\0Mcanceling wait\0\0`));
        });
      });
    });
    const session = new PostgresLoadClient(at(server.port), 'run').session();
    try {
      await session.open(1000);
      assert.deepEqual(await session.write(1), result);
    } finally {
      session.destroy();
      server.close();
    }
  }
});
