/** What is recorded of nodes, and which of their certificates are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

interface Recorded {
  kind: string;
  fields: Record<string, unknown>;
}

/** Nobody listens there: a loopback address of its own. */
const HOST = '127.0.78.1';

async function recorded(settings: object): Promise<Recorded[]> {
  const seen: Recorded[] = [];
  const node = (name: string, labels: object, kubeletVersion: string): object => ({
    metadata: { name, labels },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: HOST }], nodeInfo: { kubeletVersion } },
  });
  const nodes = [
    node('worker', {}, 'v1.37.2'),
    node('virtual', { type: 'virtual-kubelet' }, 'v1.25.0-vk-azure-aci-1.6.2'),
  ];
  const apiServer = { namespace: 'kube-system', labels: { component: 'kube-apiserver' } };
  const pod = {
    metadata: { name: 'kube-apiserver-a', ...apiServer },
    spec: { nodeName: 'a', containers: [{ name: 'c', command: ['kube-apiserver', '--secure-port=7443'] }] },
    status: { podIP: HOST },
  };
  const context = {
    settings: { ...settings, controlPlane: { apiServer } },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: Record<string, unknown>) => seen.push({ kind, fields }),
    cluster: {
      items: ({ kind }: { kind: string }) => Promise.resolve(kind === 'v1/Node' ? nodes : [pod]),
      raw: () => Promise.resolve({ status: 200, body: '{"gitVersion":"v1.37.2"}' }),
    },
  };
  await observe(context as unknown as CheckContext);
  return seen;
}

const subjects = (seen: readonly Recorded[]): unknown[] =>
  seen.flatMap(({ kind, fields }) => (kind === 'certificate' ? [fields['subject']] : []));

test('should ask for no certificate at the address of a node from outside of the network of the cluster', async () => {
  const inside = await recorded({});
  assert.deepEqual(subjects(inside).toSorted(), [
    'API server of a',
    'kubelet of virtual',
    'kubelet of worker',
  ]);
  const outside = await recorded({ reach: 'port-forward', apiAddress: `${HOST}:6443` });
  assert.deepEqual(subjects(outside), ["the API's address for clients"]);
  assert.deepEqual(
    outside.filter(({ kind }) => kind !== 'certificate'),
    inside.filter(({ kind }) => kind !== 'certificate'),
  );
});

test('should know a virtual kubelet by the label of its node', async () => {
  const seen = await recorded({ reach: 'port-forward' });
  assert.deepEqual(
    seen.flatMap(({ kind, fields }) => (kind === 'kubelet' ? [[fields['node'], fields['virtual']]] : [])),
    [
      ['worker', undefined],
      ['virtual', true],
    ],
  );
});
