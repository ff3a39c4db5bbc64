import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { setVariable } from '../../../host/_testing/variable.ts';
import { nodeSpec } from '../nodes/addressing.ts';
import { discoveryConfig, initConfig, joinConfig } from './kubeadm.ts';
import { apiConfig } from './load-balancer.ts';

const VERSIONS = { kubernetes: 'v1.2.3', etcd: 'v3.4.5', coredns: 'v1.6.7' };

type Tree = Record<string, unknown>;

function kinds(text: string): Record<string, Tree> {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Tree);
  return Object.fromEntries(documents.map((document) => [String(document['kind']), document]));
}

test('the control plane is reached through the load balancer and pulls from the registry of its instance', () => {
  const { ClusterConfiguration, KubeProxyConfiguration } = kinds(
    initConfig(nodeSpec('local', 'control-1'), VERSIONS, 'a.b'),
  );
  assert.equal(ClusterConfiguration?.['controlPlaneEndpoint'], '198.18.0.2:6443');
  assert.equal(ClusterConfiguration['imageRepository'], 'registry.plumbline.test:5000');
  assert.equal(ClusterConfiguration['kubernetesVersion'], 'v1.2.3');
  assert.equal(KubeProxyConfiguration?.['clusterCIDR'], '198.18.64.0/18');
});

test('kubelet runs on cgroup v1 and restarts a crashed container within seconds', () => {
  const { KubeletConfiguration } = kinds(initConfig(nodeSpec('local', 'control-1'), VERSIONS, 'a.b'));
  assert.equal(KubeletConfiguration?.['failCgroupV1'], false);
  assert.deepEqual(KubeletConfiguration['crashLoopBackOff'], { maxContainerRestartPeriod: '3s' });
});

test('no node has disk pressure on a large disk of the machine that is nearly full', () => {
  const { KubeletConfiguration } = kinds(initConfig(nodeSpec('local', 'control-1'), VERSIONS, 'a.b'));
  const thresholds = Object.entries(KubeletConfiguration?.['evictionHard'] as Tree);
  assert.ok(thresholds.length > 0);
  for (const [signal, least] of thresholds) assert.match(String(least), /^\d+Mi$/, signal);
});

test('a gpu worker joins with its label and taint, a general one without a taint', () => {
  const gpu = joinConfig(nodeSpec('local', 'gpu-1'), 'a.b');
  assert.match(gpu, /plumbline.dev\/pool=gpu/);
  assert.match(gpu, /key: nvidia.com\/gpu/);
  assert.match(joinConfig(nodeSpec('local', 'worker-1'), 'a.b'), /taints: \[\]/);
});

test('a further control-plane node joins as one and keeps the usual taint', () => {
  const { JoinConfiguration } = kinds(joinConfig(nodeSpec('local', 'control-2'), 'a.b'));
  assert.deepEqual(JoinConfiguration?.['controlPlane'], {
    localAPIEndpoint: { advertiseAddress: '198.18.0.11', bindPort: 6443 },
  });
  assert.equal('taints' in (JoinConfiguration['nodeRegistration'] as Tree), false);
});

test('kubeadm waits longer where the machine is slow', (context) => {
  const waits = (): Tree => {
    const { JoinConfiguration } = kinds(joinConfig(nodeSpec('local', 'control-2'), 'a.b'));
    return JoinConfiguration?.['timeouts'] as Tree;
  };
  setVariable(context, 'PLUMBLINE_PATIENCE', undefined);
  assert.equal(waits()['etcdAPICall'], '120s');
  assert.equal(waits()['tlsBootstrap'], '300s');
  setVariable(context, 'PLUMBLINE_PATIENCE', '10');
  assert.equal(waits()['etcdAPICall'], '1200s');
  const { InitConfiguration } = kinds(initConfig(nodeSpec('local', 'control-1'), VERSIONS, 'a.b'));
  assert.deepEqual(InitConfiguration?.['timeouts'], waits());
});

test('the discovery file holds the certificate and no credential', () => {
  const text = discoveryConfig({ instance: 'local-small' }, 'PEM');
  assert.match(text, /server: https:\/\/198\.19\.0\.2:6443/);
  assert.match(text, new RegExp(Buffer.from('PEM').toString('base64')));
  assert.doesNotMatch(text, /users:/);
});

test('every API server is health-checked and is behind the one address', () => {
  const config = apiConfig('local', [
    { name: 'control-1', address: '198.18.0.10' },
    { name: 'control-2', address: '198.18.0.11' },
  ]);
  assert.match(config, /bind 198\.18\.0\.2:6443/);
  assert.match(config, /server control-1 198\.18\.0\.10:6443\n {2}server control-2 198\.18\.0\.11:6443/);
  assert.match(config, /timeout connect 1s[^]*timeout check 2s/);
});

test('an API server of a slow machine has longer to answer before its connections are cut', (t) => {
  setVariable(t, 'PLUMBLINE_PATIENCE', '20');
  assert.match(apiConfig('local', []), /timeout connect 20s[^]*timeout check 40s/);
});
