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

test('no node has disk pressure on a large disk of the machine that is nearly full', () => {
  const { KubeletConfiguration } = kinds(initConfig(nodeSpec('local', 'control-1'), VERSIONS, 'a.b'));
  const thresholds = Object.entries(KubeletConfiguration?.['evictionHard'] as Tree);
  assert.ok(thresholds.length > 0);
  for (const [signal, least] of thresholds) assert.match(String(least), /^\d+Mi$/, signal);
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

test('an API server of a slow machine has longer to answer before its connections are cut', (t) => {
  setVariable(t, 'PLUMBLINE_PATIENCE', '20');
  assert.match(apiConfig('local', []), /timeout connect 20s[^]*timeout check 40s/);
});
