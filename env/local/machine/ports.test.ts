import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { test } from 'node:test';
import { describeHolder, holderOf, holds, parseListeners } from './ports.ts';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 010012C6:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4053583 1 0000000066baa1d5 100 0 0 10 0
   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1087 1 000000002891d024 100 0 0 10 0
   2: 0100007F:1388 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 20 4 30 10 -1
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 7001 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 7002 1 0000000000000000 100 0 0 10 0
   2: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 7003 1 0000000000000000 100 0 0 10 0
`;

async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, port: address.port };
}

test('listeners are read with their address, port and inode, connections are not', () => {
  assert.deepEqual(parseListeners(TCP), [
    { address: '198.18.0.1', port: 5000, inode: '4053583' },
    { address: '*', port: 2024, inode: '1087' },
  ]);
  assert.deepEqual(parseListeners(TCP6), [
    { address: '*', port: 5000, inode: '7001' },
    { address: '127.0.0.1', port: 8080, inode: '7002' },
  ]);
});

test(
  'the process that holds a port is found, and no other process is',
  { skip: process.platform !== 'linux' },
  async () => {
    const { server, port } = await listening('127.0.0.1');
    const at = `127.0.0.1:${port}`;
    assert.equal(holderOf(at)?.pid, process.pid);
    assert.match(describeHolder(holderOf(at)), new RegExp(`\\(process ${process.pid}\\)$`));
    assert.ok(holds(process.pid, at));
    assert.ok(!holds(process.ppid, at));
    server.close();
  },
);

test('a listener at every address holds each of them', { skip: process.platform !== 'linux' }, async () => {
  const { server, port } = await listening('0.0.0.0');
  assert.equal(holderOf(`198.18.0.1:${port}`)?.pid, process.pid);
  server.close();
});
