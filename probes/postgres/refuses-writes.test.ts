/** Whether a read Service refuses writes, by what a server that speaks PostgreSQL's protocol answers. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { StoreTarget } from '../store/store-driver.ts';
import { sqlState } from './errors.ts';
import { refusesWrites } from './refuses-writes.ts';

const text = (of: string): Buffer => Buffer.from(`${of}\0`);
const int16 = (of: number): Buffer => Buffer.from([of >> 8, of & 255]);
function int32(of: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeInt32BE(of);
  return made;
}
const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const READY = message('Z', Buffer.from('I'));
const LET_IN = Buffer.concat([message('R', int32(0)), READY]);
const BOOLEAN = 16;
const TEXT = 25;

const done = (tag: string): Buffer => Buffer.concat([message('C', text(tag)), READY]);
const failure = (severity: string, code: string, said: string): Buffer =>
  Buffer.concat([
    message('E', text(`S${severity}`), text(`C${code}`), text(`M${said}`), Buffer.from([0])),
    READY,
  ]);

/** The row that says which server answers. */
function who(replica: boolean): Buffer {
  const column = (name: string, type: number): Buffer =>
    Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]);
  const value = (of: string): Buffer => Buffer.concat([int32(of.length), Buffer.from(of)]);
  return Buffer.concat([
    message('T', int16(2), column('replica', BOOLEAN), column('address', TEXT)),
    message('D', int16(2), value(replica ? 't' : 'f'), value('10.0.0.5')),
    done('SELECT 1'),
  ]);
}

interface Server {
  replica: boolean;
  /** What it says to `CREATE TABLE`; null: it closes the connection. */
  created: Buffer | null;
}

/** What is made of it. */
async function asked(of: Server): Promise<{ refused: boolean; detail: string }> {
  const answer = (socket: Socket, query: string): void => {
    if (query.includes('pg_is_in_recovery')) socket.write(who(of.replica));
    else if (!query.startsWith('CREATE')) socket.write(done(query));
    else if (of.created === null) socket.destroy();
    else socket.write(of.created);
  };
  const server = createServer((socket) => {
    let begun = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      if (begun && data.toString('latin1', 0, 1) === 'Q')
        answer(socket, data.toString('utf8', 5, data.length - 1));
      if (!begun) socket.write(LET_IN);
      begun = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port };
  const connection = { ...at, user: 'u', password: 'p', database: 'd' };
  try {
    return await refusesWrites(at, { connection } as StoreTarget, { deadlineMs: 5_000 });
  } finally {
    server.close();
  }
}

const READ_ONLY = failure('ERROR', '25006', 'cannot execute CREATE TABLE in a read-only transaction');
const SHUT_DOWN = failure('FATAL', '57P01', 'terminating connection due to administrator command');
const NO_RIGHT = failure('ERROR', '42501', 'permission denied for schema public');

test('should refuse by the answer of a server that may only read', async () => {
  const found = await asked({ replica: true, created: READ_ONLY });
  assert.equal(found.refused, true);
  assert.match(found.detail, /^10\.0\.0\.5 \(replica\): .*read-only transaction/);
});

test('should not refuse where the write succeeds, or the server says that it is the primary', async () => {
  const taken = await asked({ replica: false, created: done('CREATE TABLE') });
  assert.deepEqual(taken, { refused: false, detail: '10.0.0.5 (primary) took a write' });
  for (const created of [NO_RIGHT, SHUT_DOWN, null])
    assert.equal((await asked({ replica: false, created })).refused, false);
});

test('should not be known where a replica ends the connection, or says anything else', async () => {
  for (const [created, state] of [
    [SHUT_DOWN, '57P01'],
    [NO_RIGHT, '42501'],
    [null, null],
  ] as const)
    await assert.rejects(asked({ replica: true, created }), (error) => sqlState(error) === state);
});
