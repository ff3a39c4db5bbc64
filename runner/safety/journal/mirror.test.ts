import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { KubeError } from '../../../probes/kubernetes/errors.ts';
import type { KubeReply } from '../types.ts';
import { Journal } from './journal.ts';
import { Mirror } from './mirror.ts';

/** A mirror whose writes are answered with these, one after the other, and how many there were. */
function answered(replies: readonly (KubeReply | Error)[]): { mirror: Mirror; writes: () => number } {
  let writes = 0;
  const kube = (): Promise<KubeReply> => {
    const reply = replies[Math.min(writes++, replies.length - 1)] ?? new Error('no reply');
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  const journal = new Journal(tempFolder());
  return { mirror: new Mirror({ kube, namespace: 'n', journal, holder: 'me' }), writes: () => writes };
}

test('should write again what a busy API server, or a connection that broke off, kept from being written', async () => {
  for (const first of [{ status: 429, body: {} }, { status: 503, body: {} }, new Error('socket hang up')]) {
    const { mirror, writes } = answered([first, { status: 200, body: {} }]);
    assert.equal(await mirror.sync(), null);
    assert.equal(writes(), 2);
  }
});

test('should say after some attempts, or one refusal, why nothing was written', async () => {
  const failing = answered([{ status: 503, body: {} }]);
  assert.match((await failing.mirror.sync()) ?? '', /answered 503/);
  assert.equal(failing.writes(), 5);
  const forbidden = answered([{ status: 403, body: {} }]);
  assert.match((await forbidden.mirror.sync()) ?? '', /answered 403/);
  assert.equal(forbidden.writes(), 1);
});

test('should not write again after silence for as long as a call may take', async () => {
  const where = { verb: 'patch', path: '/' };
  const { mirror, writes } = answered([new KubeError('timeout', 'no answer within 5000 ms', where)]);
  assert.equal(await mirror.sync(), 'no answer within 5000 ms');
  assert.equal(writes(), 1);
});
