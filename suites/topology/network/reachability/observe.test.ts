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
      namespace: ref.namespace,
      name: `cilium-${nodeName}`,
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
    spec: {},
    status: {},
  });
  const pod = (nodeName: string) => ({
    metadata: {
      namespace: ref.namespace,
      name: `cilium-${nodeName}`,
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

const SERVICE = { metadata: { name: 'reach' }, spec: { clusterIP: '10.96.0.9' } };

/** A run whose cluster answers as `of` says. */
async function observedOn(of: {
  nodes?: string[];
  pods: object[];
  listed: (kind: string) => object[];
  exec?: (asked: { command: string[]; pod: string }) => string;
}): Promise<[string, Record<string, unknown>][]> {
  const recorded: [string, Record<string, unknown>][] = [];
  const node = (name: string) => ({ metadata: { name }, spec: {}, status: {} });
  const daemonSet = { namespace: 'kube-system', name: 'cilium' };
  const context = {
    id: 'topology/network/reachability',
    settings: {
      network: { cni: { name: 'cilium', daemonSet }, policyEnforced: true, probeImage: 'i' },
      namespaces: { canary: 'c' },
    },
    timeoutMs: () => 20,
    signal: new AbortController().signal,
    step: (_title: string, body: () => unknown) => body(),
    record: (kind: string, fields: Record<string, unknown>) => recorded.push([kind, fields]),
    unavailable: () => undefined,
    runner: { call: () => Promise.resolve({}) },
    cluster: {
      items: ({ kind }: { kind: string }) =>
        Promise.resolve(kind === 'v1/Node' ? (of.nodes ?? ['a', 'b']).map(node) : []),
      apply: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      wait: ({ until }: { until: string }) =>
        until === 'ready' && of.pods.length < 2
          ? Promise.reject(new Error('waited 20 ms; last seen: none'))
          : Promise.resolve({ items: of.pods }),
      list: ({ kind }: { kind: string }) =>
        Promise.resolve({ items: kind === 'v1/Pod' ? of.pods : of.listed(kind) }),
      exec: (asked: { command: string[]; pod: string }) =>
        Promise.resolve({ code: 0, stdout: of.exec?.(asked) ?? '', stderr: '' }),
    },
  };
  await observe(context as unknown as CheckContext);
  return recorded;
}

test('should call pods in both families of addresses, and say which ones they have', async () => {
  const commands: string[][] = [];
  const server = (name: string, ...ips: string[]) => ({
    metadata: { name: `reach-${name}`, namespace: 'c' },
    spec: { nodeName: name },
    status: { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  });
  const pods = [
    server('a', '10.0.0.1', 'fd00::1'),
    server('b', '10.0.0.2', 'fd00::2'),
    server('old', '10.0.0.3'),
  ];
  const recorded = await observedOn({
    nodes: ['a', 'b', 'old'],
    pods,
    listed: () => [SERVICE],
    exec: ({ command, pod }) => {
      commands.push([pod, ...command.slice(command.indexOf('reach') + 5)]);
      return [
        'pair b ok 1 10 0 ',
        'also b ok 2 10 0 ',
        'also a fail 3 0 0 no route',
        'burst-pair b ok 0 10 0',
        'burst-also b ok 0 10 1',
      ].join('\n');
    },
  });
  assert.deepEqual(commands, [
    ['reach-a', 'pair/b=10.0.0.2', 'also/b=fd00::2', 'pair/old=10.0.0.3'],
    ['reach-b', 'pair/old=10.0.0.3', 'pair/a=10.0.0.1', 'also/a=fd00::1'],
    ['reach-old', 'pair/a=10.0.0.1', 'pair/b=10.0.0.2'],
  ]);
  const of = (kind: string) => recorded.filter(([one]) => one === kind).map(([, fields]) => fields);
  assert.deepEqual(of('reach-families'), [
    { node: 'a', families: ['IPv4', 'IPv6'] },
    { node: 'b', families: ['IPv4', 'IPv6'] },
  ]);
  assert.deepEqual(
    of('reach-burst').filter(({ from }) => from === 'a'),
    [
      { from: 'a', to: 'b', asked: 10, lost: 0, detail: '' },
      { from: 'a', to: 'b', asked: 10, lost: 1, detail: 'no answer', family: 'IPv6' },
    ],
  );
  const further = of('reach-pair').filter(({ family }) => family !== undefined);
  assert.deepEqual(
    further.map(({ from, to, ok, family }) => [from, to, ok, family]),
    [
      ['a', 'b', true, 'IPv6'],
      ['b', 'a', false, 'IPv6'],
    ],
  );
});

test('should quote why the pods of its DaemonSet are refused', async () => {
  const set = { metadata: { name: 'reach', namespace: 'c', uid: 'u' } };
  const refusal = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'DaemonSet', name: 'reach', uid: 'u' },
    reason: 'FailedCreate',
    message: 'exceeded quota: pods',
    lastTimestamp: '2026-12-01T00:00:00Z',
  };
  const listed = (kind: string): object[] => {
    if (kind === 'v1/Event') return [refusal];
    return kind === 'apps/v1/DaemonSet' ? [set] : [];
  };
  const silent = (await observedOn({ pods: [], listed })).filter(([kind]) => kind === 'reach-silent');
  assert.deepEqual(
    silent.map(([, { node, reason }]) => [node, reason]),
    ['a', 'b'].map((node) => [
      node,
      'the server pod on this node did not become ready: the pods of DaemonSet c/reach are refused: exceeded quota: pods',
    ]),
  );
});

test('should look for policies that isolate its pods where a request was lost, and only there', async () => {
  const labels = { 'app.kubernetes.io/name': 'reach' };
  const server = (name: string, ip: string) => ({
    metadata: { name: `reach-${name}`, namespace: 'c', labels },
    spec: { nodeName: name },
    status: { podIP: ip },
  });
  const deny = {
    metadata: { name: 'deny', namespace: 'c' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  const listed = (kind: string): object[] =>
    kind === 'networking.k8s.io/v1/NetworkPolicy' ? [deny] : [SERVICE];
  const pods = [server('a', '10.0.0.1'), server('b', '10.0.0.2')];
  const isolation = async (stdout: string): Promise<unknown[]> =>
    (await observedOn({ pods, listed, exec: () => stdout }))
      .filter(([kind]) => kind === 'canary-isolation')
      .map(([, fields]) => fields);
  assert.deepEqual(await isolation('pair b fail 20 0 0 no answer'), [
    { policies: ['c/deny'], egress: [], ingress: ['c/deny'] },
  ]);
  assert.deepEqual(await isolation('pair b ok 1 10 2 no answer'), [
    { policies: ['c/deny'], egress: [], ingress: ['c/deny'] },
  ]);
  assert.deepEqual(await isolation('pair b ok 1 10 0 '), []);
});
