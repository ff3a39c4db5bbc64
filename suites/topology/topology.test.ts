import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../harness/protocol.ts';
import { dataMounts } from './data-volumes.ts';
import { probeCommand, readProbe, sampleOf } from './reach.ts';
import { lastingContainers, ownerOf, selects } from './shapes.ts';
import type { PodObject, PodSpec, WorkloadObject } from './shapes.ts';

test('should take every node up to twenty, and twenty different ones of a thousand', () => {
  const few = ['a', 'b', 'c'];
  assert.deepEqual(sampleOf(few), few);
  const many = Array.from({ length: 1000 }, (_, i) => `node-${String(i).padStart(4, '0')}`);
  for (const random of [0, 0.5, 0.999]) {
    const sample = sampleOf(many, () => random);
    assert.equal(new Set(sample).size, 20);
    assert.ok(sample.every((name) => many.includes(name)));
  }
  assert.notDeepEqual(
    sampleOf(many, () => 0),
    sampleOf(many, () => 0.01),
  );
});

test('should read what the probe printed, and nothing else', () => {
  const lines = [
    'pair worker-2 ok 12',
    'pair worker-3 fail 5020 Terminated',
    'service service ok 3',
    'dns dns fail 5000 ;; no servers',
    'noise',
    '',
  ];
  assert.deepEqual(readProbe(lines.join('\n')), [
    { kind: 'pair', to: 'worker-2', ok: true, ms: 12 },
    { kind: 'pair', to: 'worker-3', ok: false, ms: 5020, detail: 'no answer' },
    { kind: 'service', ok: true, ms: 3 },
    { kind: 'dns', ok: false, ms: 5000, detail: ';; no servers' },
  ]);
});

test('should hand targets to the probe as arguments, never inside its script', () => {
  const odd = 'x"; touch /tmp/injected; "';
  const command = probeCommand({
    timeoutMs: 5000,
    peers: [{ node: odd, ip: '198.18.0.1' }],
    service: '198.18.0.9',
    name: 'n',
  });
  assert.ok(!(command[3] ?? '').includes(odd));
  assert.deepEqual(command.slice(4), ['reach', '5000', '198.18.0.9', 'n', `${odd}=198.18.0.1`]);
});

function pod(metadata: Partial<KubeObject['metadata']>): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [] },
    status: {},
  };
}

test("should find a pod's Deployment through its ReplicaSet's name", () => {
  const owner = (kind: string, name: string) => [{ kind, name, uid: 'u', controller: true }];
  const labels = { 'pod-template-hash': '5f9' };
  assert.deepEqual(ownerOf(pod({ labels, ownerReferences: owner('ReplicaSet', 'api-5f9') })), {
    kind: 'Deployment',
    name: 'api',
  });
  assert.deepEqual(ownerOf(pod({ ownerReferences: owner('ReplicaSet', 'bare') })), {
    kind: 'ReplicaSet',
    name: 'bare',
  });
  assert.deepEqual(ownerOf(pod({ ownerReferences: owner('StatefulSet', 'postgres') })), {
    kind: 'StatefulSet',
    name: 'postgres',
  });
  assert.deepEqual(ownerOf(pod({ name: 'stray' })), { kind: 'Pod', name: 'stray' });
});

test('should not let an empty selector select everything', () => {
  assert.ok(!selects({}, { a: '1' }));
  assert.ok(!selects(undefined, undefined));
  assert.ok(selects({ matchLabels: { a: '1' } }, { a: '1', b: '2' }));
  assert.ok(!selects({ matchLabels: { a: '1' } }, { a: '2' }));
});

test('should count sidecars among the containers that last', () => {
  const spec: PodSpec = {
    containers: [{ name: 'main', image: 'i' }],
    initContainers: [
      { name: 'migrate', image: 'i' },
      { name: 'proxy', image: 'i', restartPolicy: 'Always' },
    ],
  };
  assert.deepEqual(
    lastingContainers(spec).map((one) => one.name),
    ['main', 'proxy'],
  );
});

test('should say what lies under the data path, and let configuration be', () => {
  const mounts = ['data', 'scratch', 'config', 'outside'];
  const paths = ['/var/lib/postgresql/data', '/var/lib/postgresql/tmp', '/var/lib/postgresql/conf', '/tmp'];
  const container = {
    name: 'postgres',
    image: 'i',
    volumeMounts: mounts.map((name, i) => ({ name, mountPath: paths[i] ?? '' })),
  };
  const volumes = [
    { name: 'scratch', emptyDir: {} },
    { name: 'config', configMap: {} },
    { name: 'outside', emptyDir: {} },
  ];
  const set = {
    spec: {
      template: { spec: { containers: [container], volumes } },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  };
  assert.deepEqual(dataMounts(set as unknown as WorkloadObject, ['/var/lib/postgresql']), [
    { container: 'postgres', path: '/var/lib/postgresql/data', source: 'persistentVolumeClaim' },
    { container: 'postgres', path: '/var/lib/postgresql/tmp', source: 'emptyDir' },
  ]);
});
