import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

test('should give a node that has just joined the time to start the network plugin', async () => {
  const ref = { namespace: 'kube-system', name: 'cilium' };
  const named = (name: string) => ({ metadata: { name }, spec: {}, status: {} });
  const set = { metadata: ref, status: { numberReady: 1, desiredNumberScheduled: 2 } };
  const pod = (nodeName: string, status: 'True' | 'False') => ({
    metadata: {
      ...{ namespace: ref.namespace, name: `cilium-${nodeName}` },
      ownerReferences: [{ kind: 'DaemonSet', name: ref.name, controller: true }],
    },
    spec: { nodeName },
    status: { conditions: [{ type: 'Ready', status }] },
  });
  const seenAfter = async (readyAtLook: number): Promise<unknown> => {
    const recorded: unknown[] = [];
    let looks = 0;
    const items = ({ kind }: { kind: string }): Promise<unknown[]> => {
      if (kind === 'v1/Node') return Promise.resolve([named('a'), named('b')]);
      if (kind !== 'v1/Pod') return Promise.resolve([set]);
      looks += 1;
      const b = pod('b', looks >= readyAtLook ? 'True' : 'False');
      return Promise.resolve([pod('a', 'True'), b, pod('theirs', 'False')]);
    };
    const context = {
      id: 'topology/network/reachability',
      settings: { network: { cni: { name: 'cilium', daemonSet: ref } }, namespaces: { canary: 'c' } },
      // Long enough for a second look on a busy machine: where none is awaited, the time just passes.
      timeoutMs: () => 400,
      signal: new AbortController().signal,
      step: (_title: string, body: () => unknown) => body(),
      record: (kind: string, fields: object) => kind === 'cni-daemonset' && recorded.push(fields),
      unavailable: () => undefined,
      cluster: { items },
    };
    // It has no image for canaries, and ends there.
    await observe(context as unknown as CheckContext);
    return recorded;
  };
  assert.deepEqual(await seenAfter(2), [{ ready: 1, wanted: 2, unready: ['theirs'] }]);
  assert.deepEqual(await seenAfter(Infinity), [{ ready: 1, wanted: 2, unready: ['b', 'theirs'] }]);
});

test('should name a node without a pod of the network plugin, and not for pods that nodes of others lack', async () => {
  const ref = { namespace: 'kube-system', name: 'cilium' };
  const node = (name: string) => ({
    metadata: { name, labels: { of: name, ...(name === 'virtual' && { type: 'virtual-kubelet' }) } },
    ...{ spec: {}, status: {} },
  });
  const pod = (nodeName: string) => ({
    metadata: {
      ...{ namespace: ref.namespace, name: `cilium-${nodeName}` },
      ownerReferences: [{ kind: 'DaemonSet', name: ref.name, controller: true }],
    },
    spec: { nodeName },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const unready = async (of: {
    wanted: number;
    on: string[];
    lateAtLook?: number;
    theirs?: string;
  }): Promise<unknown> => {
    const { theirs = 'theirs' } = of;
    const recorded: unknown[] = [];
    let looks = 0;
    const status = { numberReady: of.on.length, desiredNumberScheduled: of.wanted };
    const items = ({ kind }: { kind: string }): Promise<unknown[]> => {
      if (kind === 'v1/Node') return Promise.resolve(['a', 'b', theirs].map(node));
      if (kind !== 'v1/Pod') return Promise.resolve([{ metadata: ref, status }]);
      looks += 1;
      return Promise.resolve([...of.on, ...(looks === of.lateAtLook ? ['b'] : [])].map(pod));
    };
    const nodes = { others: [{ labels: { of: theirs }, reason: 'r' }], passingTaints: [] };
    const context = {
      id: 'topology/network/reachability',
      settings: { network: { cni: { name: 'cilium', daemonSet: ref } }, nodes, namespaces: { canary: 'c' } },
      timeoutMs: () => 20,
      signal: new AbortController().signal,
      step: (_title: string, body: () => unknown) => body(),
      record: (kind: string, fields: { unready?: unknown }) =>
        kind === 'cni-daemonset' && recorded.push(fields.unready),
      unavailable: () => undefined,
      cluster: { items },
    };
    await observe(context as unknown as CheckContext);
    return recorded[0];
  };
  assert.deepEqual(await unready({ wanted: 3, on: ['a', 'theirs'] }), ['b']);
  assert.deepEqual(await unready({ wanted: 3, on: ['a'] }), ['b']);
  assert.deepEqual(await unready({ wanted: 3, on: ['a', 'theirs'], lateAtLook: 2 }), [], 'it is waited for');
  assert.deepEqual(await unready({ wanted: 3, on: ['a', 'b'] }), [], 'a node of others lacks it');
  assert.deepEqual(await unready({ wanted: 2, on: ['a', 'theirs'] }), [], 'it is not meant for b');
  assert.deepEqual(
    await unready({ wanted: 2, on: ['a'] }),
    [],
    'it may be meant for b, or for the node of others',
  );
  assert.deepEqual(await unready({ wanted: 3, on: ['a', 'theirs', 'gone'] }), ['b'], 'a node that is gone');
  const virtual = { wanted: 2, theirs: 'virtual' };
  assert.deepEqual(await unready({ ...virtual, on: ['a'] }), ['b'], 'a virtual node is not the one');
  assert.deepEqual(
    await unready({ ...virtual, on: ['a', 'virtual'] }),
    [],
    'it is meant for the virtual node',
  );
});

test('should create nothing where there is no node to probe from, and say so', async () => {
  const unavailable: string[] = [];
  const nodes = { others: [{ labels: { team: 'x' }, reason: 'r' }], passingTaints: [] };
  const network = { cni: { name: 'bridge' }, policyEnforced: true, probeImage: 'i' };
  const theirs = { metadata: { name: 'theirs', labels: { team: 'x' } }, spec: {}, status: {} };
  const context = {
    id: 'topology/network/reachability',
    settings: { network, nodes, namespaces: { canary: 'c' } },
    step: (_title: string, body: () => unknown) => body(),
    record: () => undefined,
    unavailable: (what: string) => unavailable.push(what),
    cluster: {
      items: () => Promise.resolve([theirs]),
      apply: () => Promise.reject(new Error('nothing may be created')),
    },
  };
  await observe(context as unknown as CheckContext);
  assert.deepEqual(unavailable, ['a node to probe from']);
});
