import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../harness/protocol.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { newestWrite } from './redis-lists.ts';
import { contextOf } from '../../../_testing/control-context.ts';

const environment = {
  stores: {
    redis: { statefulSet: { namespace: 'tender', name: 'redis' }, container: 'redis', members: 3 },
  },
};
const pods: KubeObject[] = ['redis-0', 'redis-1', 'redis-2'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'tender',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis', uid: 'u' }],
  },
  status: {},
}));

/** What each member answers to a script; a member that is left out does not answer. */
function answering(answers: Record<string, string>): { ctx: ControlContext; asked: string[] } {
  const asked: string[] = [];
  const ctx = contextOf({
    environment,
    list: () => Promise.resolve(pods),
    exec: ({ pod }, command) => {
      asked.push(`${pod} ${command[4] ?? ''}`);
      const stdout = answers[pod];
      if (stdout === undefined) return Promise.reject(new Error('no answer'));
      return Promise.resolve({ code: 0, stdout, stderr: '' });
    },
  });
  return { ctx, asked };
}

test('should find the newest write with one question to each member, however many lists there are', async () => {
  const { ctx, asked } = answering({ 'redis-0': '\n', 'redis-1': 'plumbline:canary:run-7\n251\n' });
  assert.deepEqual(await newestWrite(ctx), { run: 'run-7', n: 251 });
  assert.deepEqual(asked, ['redis-0 EVAL', 'redis-1 EVAL', 'redis-2 EVAL']);
});

test('should know of no write where the list has just been made, where there is none, and where two masters answer', async () => {
  const list = 'plumbline:canary:run-7';
  assert.deepEqual(await newestWrite(answering({ 'redis-0': `${list}\nbegin\n` }).ctx), {
    run: 'run-7',
    n: 0,
  });
  assert.equal(await newestWrite(answering({ 'redis-0': 'none\n' }).ctx), null);
  assert.equal(await newestWrite(answering({ 'redis-0': `${list}\n5\n`, 'redis-1': 'none\n' }).ctx), null);
  assert.equal(await newestWrite(answering({}).ctx), null);
});
