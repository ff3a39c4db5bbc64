/** A control plane whose pods are in other namespaces, with other labels, than kubeadm's: OpenShift has openshift-etcd and openshift-kube-apiserver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { apiServers } from '../_cluster/api-servers.ts';
import { topology } from '../../../env/schema/topology.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judgedOver } from '../_testing/observing.ts';

const { controlPlane } = topology.parse({ controlPlane: { nodes: 3, etcdMembers: 3 } });
const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
const NAMES = ['a', 'b', 'c'];
const nodes = NAMES.map((name) => ({
  apiVersion: 'v1',
  kind: 'Node',
  spec: {},
  status: READY,
  metadata: { name, labels: { 'node-role.kubernetes.io/control-plane': '' } },
}));
const pods = NAMES.flatMap((name) =>
  ['etcd', 'kube-apiserver'].map((app) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { nodeName: name, containers: [] },
    status: { ...READY, hostIP: '192.0.2.7' },
    metadata: { namespace: `openshift-${app}`, name: `${app}-${name}`, labels: { app } },
  })),
);

const over = (check: string, more: object = {}): Promise<Judgement> =>
  judgedOver(check, { settings: { controlPlane, stores: {}, ...more }, objects: [...nodes, ...pods] });

test('should leave open how etcd is, and say where it was looked for and which key says otherwise', async () => {
  const { verdict, reason } = await over('topology/cluster/control-plane');
  assert.equal(verdict, 'inconclusive');
  assert.match(
    reason,
    /^etcd unavailable: no pod in the namespace kube-system has the labels component=etcd; topology\.controlPlane\.etcd of the environment file says where they are/,
  );
});

test('should take API servers that were not found for unknown, and find them where they are declared to be', async () => {
  const at = async (declared: object): Promise<unknown[]> => {
    const said: unknown[] = [];
    const context = {
      settings: { controlPlane: { ...controlPlane, ...declared } },
      unavailable: (...words: unknown[]) => said.push(words.join(': ')),
      cluster: { items: () => Promise.resolve(pods) },
    };
    const found = await apiServers(context as unknown as CheckContext);
    return [...said, ...found.map(({ node }) => node)];
  };
  assert.deepEqual(await at({}), [
    'API servers: no pod in the namespace kube-system has the labels component=kube-apiserver; topology.controlPlane.apiServer of the environment file says where they are (namespace, labels)',
  ]);
  const apiServer = { namespace: 'openshift-kube-apiserver', labels: { app: 'kube-apiserver' } };
  assert.deepEqual(await at({ apiServer }), NAMES);
});
