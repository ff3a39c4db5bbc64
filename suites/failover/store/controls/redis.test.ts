import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serving, targetOf } from '../../../../probes/redis/_testing/server.ts';
import { contextOf } from '../../../_testing/control-context.ts';
import type { StoredWrite } from './every-store.ts';
import { tampering } from './redis.ts';

const MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
const REPLICA = '*1\r\n$5\r\nslave\r\n';
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const LISTS = `*2\r\n${bulk('plumbline:canary:run-7')}`;

/** The newest write, where one member has this role, the other is a master, and a master answers so. */
async function found(role: string, answer: string): Promise<StoredWrite | null> {
  const as = (own: string) => (words: readonly string[]) => (words[0] === 'ROLE' ? own : answer);
  const seen: (StoredWrite | null)[] = [];
  await serving(as(role), (one) =>
    serving(as(MASTER), async (other) => {
      const ports = [one, other];
      const members = ports.map((port) => ({ name: `redis-${port}`, address: '127.0.0.1', port }));
      const target = { ...targetOf(one), members: () => Promise.resolve(members) };
      seen.push(await tampering.newest(contextOf({ store: () => Promise.resolve(target) })));
    }),
  );
  return seen[0] ?? null;
}

test('should find the newest write at the master, none where a list has just been made, and no list', async () => {
  assert.deepEqual(await found(REPLICA, `${LISTS}${bulk('251')}`), { run: 'run-7', n: 251 });
  assert.deepEqual(await found(REPLICA, `${LISTS}${bulk('begin')}`), { run: 'run-7', n: 0 });
  assert.equal(await found(REPLICA, `*2\r\n${bulk('')}$-1\r\n`), null);
});

test('should ask neither of two masters', () =>
  assert.rejects(found(MASTER, `${LISTS}${bulk('251')}`), /no single master/));
