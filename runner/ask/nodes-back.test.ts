import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import type { PodObject } from '../../probes/kubernetes/index.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { Afterwards } from '../state/afterwards.ts';
import { awaitHeartbeat, beforeOf, hasReturned, LostNodes, nodesOf } from './nodes-back.ts';
import type { Looking } from './nodes-back.ts';

function pod(status: PodObject['status'], over: object = {}): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pg-1', ...over },
    spec: { nodeName: 'w-1', containers: [] },
    status,
  };
}
const running = (containerID: string, ready: 'True' | 'False'): PodObject['status'] => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: ready }],
  containerStatuses: [{ name: 'a', containerID, state: { running: {} } }],
});

const BEFORE = beforeOf([pod(running('containerd://old', 'True'), { uid: 'u' })]);

test('a pod has returned when it is ready and none of its containers is from before the loss', () => {
  assert.equal(hasReturned(pod(running('containerd://new', 'True')), BEFORE), true);
});

test('a ready condition of its former life proves nothing', () => {
  assert.equal(hasReturned(pod(running('containerd://old', 'True')), BEFORE), false);
  assert.equal(hasReturned(pod(running('containerd://new', 'False')), BEFORE), false);
  const waiting = { phase: 'Running', containerStatuses: [{ name: 'a', state: { waiting: {} } }] };
  assert.equal(hasReturned(pod(waiting), BEFORE), false);
});

test('a pod that is over need not return', () => {
  assert.equal(hasReturned(pod({ phase: 'Succeeded' }), BEFORE), true);
});

const { timeouts, ...rest } = await loadEnvironment('local-small');
const environment = { ...rest, timeouts: { ...timeouts, nodeReady: { seconds: 0.01, reason: 'a test' } } };

/** A node that is called Ready throughout, with its last heartbeat and the pods on it. */
function beating(renewTime: string, pods: KubeObject[] = []): Looking {
  const get = ({ kind, name }: { kind: string; name: string }): Promise<KubeObject> =>
    Promise.resolve({
      apiVersion: 'v1',
      kind,
      metadata: { name },
      spec: { renewTime },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  const cluster = { get, list: () => Promise.resolve({ items: pods }) };
  return { runState: { environment }, parts: { cluster: cluster as Looking['parts']['cluster'] } };
}

const { signal } = new AbortController();

test('a node is back when it has sent another heartbeat than its last, whatever it is called and whatever its clock says', async () => {
  const of = { node: 'gpu-1', beats: new Map([['gpu-1', '2026-11-24T20:00:00Z']]) };
  // A clock that went back with the battery of the board: still another heartbeat.
  assert.equal(await awaitHeartbeat(beating('2026-11-24T19:00:09Z'), of, signal), null);
  assert.match(
    (await awaitHeartbeat(beating('2026-11-24T20:00:00Z'), of, signal)) ?? '',
    /gpu-1 has sent no heartbeat within 0\.01 s/,
  );
});

test('a heartbeat that nobody read before counts for the last one', async () => {
  const of = { node: 'gpu-1', beats: new Map<string, string>() };
  assert.match((await awaitHeartbeat(beating('2026-11-24T20:00:09Z'), of, signal)) ?? '', /no heartbeat/);
});

test('false verdict 25: a node that does not come back is among what the run left broken, also when its trial broke off', async () => {
  const nodes = new LostNodes();
  const runner = beating('2026-11-24T20:00:00Z', [pod(running('containerd://old', 'True'))]);
  const lost = { ...runner, lostNodes: nodes };
  nodes.add(runner, 'failover/postgres/node-loss', { nodes: ['w-1'], before: BEFORE });
  const afterwards = new Afterwards();
  await afterwards.lookForNodes(lost, signal);
  assert.match(
    afterwards.restored.failed.join(),
    /^failover\/postgres\/node-loss: nodes w-1 were started again, but not everything .* w-1 has sent no heartbeat; pod \/pg-1 has not returned/,
  );
  // Late, and in time for the end of the run.
  const back = beating('2026-11-24T20:02:00Z', [pod(running('containerd://new', 'True'))]);
  assert.equal(await nodes.awaitOf(back, 'failover/postgres/node-loss', signal), null);
  assert.deepEqual(await nodes.stillGone(back, signal), { gone: [], unseen: [] });
});

test('false verdict 25: a cluster that cannot be asked leaves it open whether the nodes are back', async () => {
  const nodes = new LostNodes();
  const runner = beating('2026-11-24T20:00:00Z');
  nodes.add(runner, 'c', { nodes: ['w-1'], before: BEFORE });
  const get = () => Promise.reject(new Error('unreachable'));
  const deaf = { ...runner, lostNodes: nodes, parts: { cluster: { ...runner.parts.cluster, get } } };
  const afterwards = new Afterwards();
  await afterwards.lookForNodes(deaf, signal);
  assert.deepEqual(afterwards.restored.failed, []);
  assert.match((afterwards.restored.unseen ?? []).join(), /the nodes that c took away are back: unreachable/);
});

test('false verdict 25: an injection that broke off has lost the nodes that its entries give back', () => {
  const commands = { on: ['on'], state: ['state'], isOn: 'on', isOff: 'off', timeoutMs: 1 };
  const entries = [
    { rollback: { kind: 'node-power', node: 'w-1', commands } },
    { rollback: { kind: 'kube-end', path: '/p', marker: 'm' } },
  ] as const;
  assert.deepEqual(nodesOf(entries), ['w-1']);
});

test('a pod that was not ready before the loss has nothing to return to, whoever it belongs to', async () => {
  const never = (name: string, uid: string, of: string) =>
    pod(running('containerd://foreign', 'False'), {
      name,
      namespace: 'others',
      uid,
      ownerReferences: [{ kind: 'ReplicaSet', name: of, uid: of, controller: true }],
    });
  const before = beforeOf([never('x-1', 'x1', 'x'), pod(running('containerd://old', 'True'), { uid: 'u' })]);
  assert.equal(hasReturned(never('x-1', 'x1', 'x'), before), true);
  // Its replacement is as little ready.
  assert.equal(hasReturned(never('x-2', 'x2', 'x'), before), true);
  // What replaces a pod that was ready must be, too: of the same name, or of the same controller.
  const starting = pod(running('containerd://new', 'False'), { uid: 'other' });
  assert.equal(hasReturned(starting, before), false);
  const nodes = new LostNodes();
  const runner = beating('2026-11-24T20:00:00Z');
  nodes.add(runner, 'c', { nodes: ['w-1'], before });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const back = beating('2026-11-24T20:02:00Z', [
    never('x-1', 'x1', 'x'),
    pod(running('containerd://new', 'True'), { uid: 'u' }),
  ]);
  assert.equal(await nodes.awaitOf(back, 'c', signal), null);
});

/** Pods of one controller: the one that was lost with the node, and what follows it elsewhere. */
function ofWeb(uid: string, status: PodObject['status'], nodeName: string): PodObject {
  const ownerReferences = [{ kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true }];
  const { spec, ...rest } = pod(status, { name: `web-${uid}`, uid, ownerReferences });
  return { ...rest, spec: { ...spec, nodeName } };
}

/** The group of machines has replaced the node: its Node object and its Lease are gone. */
function withoutNode(pods: KubeObject[]): Looking {
  const { runState, parts } = beating('', pods);
  return { runState, parts: { cluster: { ...parts.cluster, get: () => Promise.resolve(null) } } };
}

test('a node whose Node object is gone counts as replaced, once what follows its pods is ready', async () => {
  const remarks: string[] = [];
  const nodes = new LostNodes((remark) => remarks.push(remark));
  const before = beforeOf([ofWeb('old', running('containerd://old', 'True'), 'w-1')]);
  const lose = () => nodes.add(withoutNode([]), 'c', { nodes: ['w-1'], before });
  const left = async (...pods: PodObject[]) => {
    lose();
    return await nodes.awaitOf(withoutNode(pods), 'c', signal);
  };
  const old = ofWeb('old', running('containerd://old', 'True'), 'w-1');
  assert.match((await left(old)) ?? '', /pod \/web-old has not returned/);
  const waiting = ofWeb('new', { phase: 'Pending' }, '');
  assert.match((await left(waiting)) ?? '', /pod \/web-new has not returned/);
  assert.deepEqual(remarks, []);
  assert.equal(await left(ofWeb('new', running('containerd://new', 'True'), 'w-9')), null);
  assert.match(remarks.join(), /^c: the cluster has no Node w-1 any more.* has replaced it/);
});

test('pods elsewhere that came since are not waited for while the node itself is there', async () => {
  const nodes = new LostNodes((remark) => assert.fail(remark));
  const before = beforeOf([ofWeb('old', running('containerd://old', 'True'), 'w-1')]);
  nodes.add(beating('2026-11-24T20:00:00Z'), 'c', { nodes: ['w-1'], before });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const elsewhere = ofWeb('new', { phase: 'Pending' }, 'w-9');
  assert.equal(await nodes.awaitOf(beating('2026-11-24T20:02:00Z', [elsewhere]), 'c', signal), null);
});

test('a node that was started again is not back while it has no Node object', async () => {
  const of = { node: 'gpu-1', beats: new Map([['gpu-1', '2026-11-24T20:00:00Z']]) };
  assert.match((await awaitHeartbeat(withoutNode([]), of, signal)) ?? '', /gpu-1 has sent no heartbeat/);
});
