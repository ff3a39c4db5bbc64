/** Drafts of clusters as distributions and providers make them. TODO is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { ingress, namespace, node, pod, service, staticPod, workload } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();
const drafted = (...objects: readonly Stood[]): Promise<Drafted> => draftedOn(server, [...BASE, ...objects]);

const CONTROL = { 'node-role.kubernetes.io/control-plane': '' };
const BASE: readonly Stood[] = [
  ...['kube-system', 'shop'].map(namespace),
  node('server-1', CONTROL),
  node('w-1', { 'example.com/pool': 'general' }),
  ...workload({ kind: 'Deployment', at: 'shop/api', image: 'registry.example.com/shop/api:1' }),
  service('shop/api', { http: 80 }, { 'app.kubernetes.io/name': 'api' }),
];

const daemon = (at: string, image: string, beside: Record<string, string> = {}): Stood[] =>
  workload({ kind: 'DaemonSet', at, image, beside });
/** All of OpenShift's images have one name. */
const OPENSHIFT = `quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:${'a'.repeat(64)}`;

const PLUGINS: readonly [what: string, objects: Stood[], name: string][] = [
  [
    'Canal of RKE2',
    daemon('kube-system/rke2-canal', 'rancher/hardened-calico:v3.30', {
      flannel: 'rancher/hardened-flannel:v0.27',
    }),
    'canal',
  ],
  ['Calico of RKE2', daemon('calico-system/calico-node', 'rancher/mirrored-calico-node:v3.30'), 'calico'],
  ['Cilium of RKE2', daemon('kube-system/cilium', 'rancher/mirrored-cilium-cilium:v1.18'), 'cilium'],
  [
    'OVN-Kubernetes of OpenShift',
    daemon('openshift-ovn-kubernetes/ovnkube-node', OPENSHIFT),
    'ovn-kubernetes',
  ],
];
for (const [what, objects, name] of PLUGINS)
  test(`should recognise ${what}, which enforces policies`, async () => {
    const { network } = (await drafted(...objects)).file.topology;
    const [{ metadata }] = objects as [Stood];
    assert.deepEqual(network?.cni, {
      name,
      daemonSet: { namespace: metadata.namespace, name: metadata.name },
    });
    assert.equal(network.policyEnforced, true);
  });

test('should name DaemonSets that are called as network plugins are before others, and none of k3s', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `kube-system/${name}`);
  const { text } = await drafted(
    ...[...names, 'vendor/own-cni', 'kube-system/svclb-traefik-1a2b3c4d'].flatMap((at) =>
      daemon(at, 'registry.example.com/own/agent:1'),
    ),
  );
  assert.match(text, /one of vendor\/own-cni, kube-system\/a, kube-system\/b, /);
  assert.doesNotMatch(text, /svclb/);
});

test('should recognise Traefik of k3s, whose image is a copy of another name', async () => {
  const { text } = await drafted(
    ...workload({
      kind: 'Deployment',
      at: 'kube-system/traefik',
      image: 'rancher/mirrored-library-traefik:3.3.6',
    }),
    service('kube-system/traefik', { websecure: 443 }, { 'app.kubernetes.io/name': 'traefik' }),
  );
  assert.match(text, /At the edge: Deployment kube-system\/traefik \(Traefik\)/);
});

const annotated = (annotations: Record<string, string>): Stood => {
  const one = ingress('shop/api', 'shop.example.com', false);
  return { ...one, metadata: { ...one.metadata, annotations } };
};

for (const name of [
  'alb.ingress.kubernetes.io/certificate-arn',
  'networking.gke.io/managed-certificates',
  'ingress.gcp.kubernetes.io/pre-shared-cert',
])
  test(`should take a host for one with TLS by the annotation ${name}`, async () => {
    const { completed, text } = await drafted(annotated({ [name]: 'own' }));
    assert.equal(completed.topology.edge?.url, 'https://shop.example.com');
    assert.ok(completed.topology.certificates.some(({ host }) => host === 'shop.example.com'));
    assert.doesNotMatch(text, /where a load balancer ends TLS/);
  });

test('should mark the scheme of a host where nothing speaks for TLS', async () => {
  const { completed, text } = await drafted(annotated({ 'alb.ingress.kubernetes.io/scheme': 'internal' }));
  assert.equal(completed.topology.edge?.url, 'http://shop.example.com');
  assert.match(
    text,
    /url: http:\/\/shop\.example\.com # TODO https where a load balancer ends TLS; the path /,
  );
});

const GMP = 'gke.gcr.io/prometheus-engine/prometheus:v2.53.5-gmp.1';

test('should not take the collectors of GKE for a Prometheus, which answer nobody', async () => {
  const { completed, text } = await drafted(...daemon('gmp-system/collector', GMP));
  assert.deepEqual([completed.prometheus, completed.objectives], [undefined, []]);
  assert.doesNotMatch(text, /collector\.gmp-system/);
});

test('should make up no address of a source for which no Service was recognised', async () => {
  const without = (at: string, image: string): Stood[] => workload({ kind: 'StatefulSet', at, image });
  const { completed, text } = await drafted(
    ...without('monitoring/prometheus', 'quay.io/prometheus/prometheus:v3.7'),
    ...without('monitoring/zipkin', 'openzipkin/zipkin:3.6'),
    ...without('shop/search', 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0'),
    ...daemon('monitoring/filebeat', 'docker.elastic.co/beats/filebeat:9.1.0'),
  );
  assert.equal(completed.prometheus?.url, 'https://prometheus.example.com');
  assert.equal(completed.telemetry?.traces?.url, 'https://traces.example.com');
  assert.equal(completed.telemetry.logs?.url, 'https://elasticsearch.example.com');
  for (const name of ['monitoring/prometheus', 'monitoring/zipkin', 'shop/search'])
    assert.match(
      text,
      new RegExp(`TODO no Service of StatefulSet ${name} was recognised: where is it asked`),
    );
  assert.doesNotMatch(text, /(prometheus|zipkin)\.monitoring\.svc|url: \S+search\.shop\.svc/);
});

const controlPod = (at: string, labels: Record<string, string>): Stood => {
  const [namespaced = '', name = ''] = at.split('/');
  return pod({ namespace: namespaced, name, labels, spec: { containers: [] } });
};

test('should say where etcd and the API servers of OpenShift are', async () => {
  const { file, text } = await drafted(
    controlPod('openshift-etcd/etcd-server-1', { app: 'etcd', etcd: 'true' }),
    controlPod('openshift-etcd/etcd-guard-server-1', { app: 'guard' }),
    controlPod('openshift-kube-apiserver/kube-apiserver-server-1', { app: 'openshift-kube-apiserver' }),
  );
  const { controlPlane } = file.topology;
  assert.equal(controlPlane?.etcdMembers, 1);
  assert.deepEqual(controlPlane.etcd, { namespace: 'openshift-etcd', labels: { app: 'etcd' } });
  assert.deepEqual(controlPlane.apiServer, {
    namespace: 'openshift-kube-apiserver',
    labels: { app: 'openshift-kube-apiserver' },
  });
  assert.doesNotMatch(text, /stays inconclusive/);
});

test('should say what stays inconclusive where etcd and the API servers are no pods, as in k3s', async () => {
  const { file, completed, text } = await drafted();
  assert.deepEqual([file.topology.controlPlane, completed.topology.controlPlane?.nodes], [undefined, 1]);
  assert.match(text, /TODO no pod of etcd was seen .* topology\/cluster\/control-plane stays inconclusive\n/);
  assert.match(
    text,
    /# No pod of an API server was seen .* topology\/cluster\/versions stays inconclusive\n/,
  );
  const usual = await drafted(...['etcd', 'kube-apiserver'].map((part) => staticPod(part, 'server-1')));
  assert.doesNotMatch(usual.text, /stays inconclusive|apiServer:/);
});
