import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { etcdLeader, readEtcd } from './etcd.ts';
import type { PodObject } from '../_objects/shapes.ts';

const pod: PodObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'etcd-control-1', namespace: 'kube-system' },
  spec: { containers: [{ name: 'etcd', image: 'etcd' }] },
  status: {},
};
const [ONE, TWO] = ['https://198.19.0.1:2379', 'https://198.19.0.2:2379'];
/** As etcdctl 3.6 prints; ids are larger than a number of JavaScript. */
const MEMBERS = `{"header":{"cluster_id":1},"members":[{"ID":10276657743932975437,"name":"control-1","clientURLs":["${ONE}"]},{"ID":10276657743932975438,"name":"control-2","clientURLs":["${TWO}"]}]}`;
const HEALTH = `[{"endpoint":"${ONE}","health":true,"took":"5ms"},{"endpoint":"${TWO}","health":false,"took":"5s","error":"context deadline exceeded"}]`;
const STATUS = `[{"Endpoint":"${ONE}","Status":{"header":{"member_id":10276657743932975437,"raft_term":3},"leader":10276657743932975437,"dbSize":1}}]`;

function context(answers: Record<string, string>): { ctx: CheckContext; said: unknown[][] } {
  const said: unknown[][] = [];
  const exec = ({ command }: { command: string[] }) => {
    const words = command.filter((word) => !word.startsWith('-')).slice(1, 3);
    return Promise.resolve({ code: 0, stdout: answers[words.join(' ')] ?? '', stderr: 'no' });
  };
  const ctx = {
    cluster: { exec },
    timeoutMs: () => 1000,
    record: (...of: unknown[]) => said.push(of),
    unavailable: (...of: unknown[]) => said.push(of),
  };
  return { ctx: ctx as unknown as CheckContext, said };
}
const whole = { 'member list': MEMBERS, 'endpoint health': HEALTH, 'endpoint status': STATUS };

test('should record every member with its id in full, its health and whom it takes for the leader', async () => {
  const { ctx, said } = context(whole);
  await readEtcd(ctx, [pod]);
  const leader = '10276657743932975437';
  assert.deepEqual(said, [
    [
      'etcd-member',
      { id: leader, name: 'control-1', learner: false, leader, leads: true, healthy: true, error: '' },
    ],
    [
      'etcd-member',
      {
        id: '10276657743932975438',
        name: 'control-2',
        learner: false,
        leader: null,
        leads: false,
        healthy: false,
        error: 'context deadline exceeded',
      },
    ],
  ]);
  assert.equal(await etcdLeader(ctx, [pod]), 'control-1');
});

test('should say of an answer of unexpected shape that etcd cannot be seen, and what is wrong with it', async () => {
  const { ctx, said } = context({ ...whole, 'endpoint health': '[{"endpoint":7}]' });
  await readEtcd(ctx, [pod]);
  const [[what, reason] = []] = said;
  assert.equal(what, 'etcd');
  assert.match(
    String(reason),
    /etcdctl endpoint health --cluster: the answer has an unexpected shape: 0\.endpoint/,
  );
  assert.equal(await etcdLeader(context({}).ctx, [pod]), null);
});
