import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Series } from '../../reports/record/objective.ts';
import { devicesIn, offerOf, planHolders, readPods, readUtilisation, toleratesAll } from './index.ts';

test('should read which devices a container was given', () => {
  assert.deepEqual(devicesIn('PATH=/bin\nPLUMBLINE_DEVICES=a,b\n', 'PLUMBLINE_DEVICES'), ['a', 'b']);
  assert.deepEqual(devicesIn('NVIDIA_VISIBLE_DEVICES=void\n', 'NVIDIA_VISIBLE_DEVICES'), []);
  assert.equal(devicesIn('PATH=/bin\nXPLUMBLINE_DEVICES=a', 'PLUMBLINE_DEVICES'), null);
});

test('should read what a node offers', () => {
  const status = { capacity: { 'nvidia.com/gpu': '2' }, allocatable: { 'nvidia.com/gpu': '0' } };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'gpu-1' }, status };
  assert.deepEqual(offerOf(node, 'nvidia.com/gpu'), { capacity: 2, allocatable: 0 });
  assert.deepEqual(offerOf(node, 'nvidia.com/mig-1g.5gb'), { capacity: null, allocatable: null });
});

test('should count what pods ask for as the scheduler does, and leave out those that are over', () => {
  const asks = (count: string): unknown => ({ resources: { limits: { 'nvidia.com/gpu': count, cpu: '1' } } });
  const pod = (name: string, spec: unknown, phase = 'Running'): unknown => ({
    metadata: { name, namespace: 'tender' },
    spec,
    status: { phase },
  });
  const items = [
    pod('two', { containers: [asks('1'), asks('1'), {}] }),
    pod('init', { containers: [asks('1')], initContainers: [asks('3')] }),
    pod('over', { containers: [asks('1')] }, 'Succeeded'),
    pod('none', { containers: [{}], tolerations: [{ operator: 'Exists' }] }),
  ];
  const pods = readPods(JSON.stringify({ items }), 'nvidia.com/gpu');
  assert.deepEqual(
    pods.map(({ name, requested }) => [name, requested]),
    [
      ['tender/two', 2],
      ['tender/init', 3],
      ['tender/none', 0],
    ],
  );
  assert.deepEqual(pods[2]?.tolerations, [{ operator: 'Exists' }]);
});

test('should match tolerations with taints as Kubernetes does', () => {
  const taint = { key: 'nvidia.com/gpu', effect: 'NoSchedule' };
  assert.ok(toleratesAll([{ operator: 'Exists' }], [taint]));
  assert.ok(toleratesAll([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }], [taint]));
  assert.ok(toleratesAll([{ key: 'nvidia.com/gpu' }], [taint]));
  assert.ok(toleratesAll([], [{ ...taint, effect: 'PreferNoSchedule' }]));
  assert.ok(!toleratesAll([], [taint]));
  assert.ok(!toleratesAll([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoExecute' }], [taint]));
  assert.ok(!toleratesAll([{ key: 'nvidia.com/gpu', value: 'b' }], [{ ...taint, value: 'a' }]));
});

test('should take every free device, by one pod each where there are few', () => {
  const offers = [
    { node: 'a', free: 2 },
    { node: 'b', free: 0 },
    { node: 'c', free: 1 },
  ];
  assert.deepEqual(planHolders(offers, 8), [
    { node: 'a', devices: 1 },
    { node: 'a', devices: 1 },
    { node: 'c', devices: 1 },
  ]);
  assert.deepEqual(planHolders(offers, 2), [
    { node: 'a', devices: 2 },
    { node: 'c', devices: 1 },
  ]);
});

test('should read the utilisation of devices with its age, by the labels that are declared', async () => {
  const labels = { UUID: 'GPU-1', Hostname: 'gpu-1', exported_pod: 'inference-0' };
  const answers: Record<string, Series[]> = {
    DCGM_FI_DEV_GPU_UTIL: [{ labels: { __name__: 'DCGM_FI_DEV_GPU_UTIL', ...labels }, points: [[0, 93]] }],
    'time() - timestamp(DCGM_FI_DEV_GPU_UTIL)': [{ labels, points: [[0, 4.5]] }],
  };
  const client = { query: (query: string) => Promise.resolve(answers[query] ?? []) };
  const metrics = {
    series: 'DCGM_FI_DEV_GPU_UTIL',
    labels: { device: 'UUID', node: 'Hostname' },
    maximum: 100,
  };
  const read = async (pod?: string): Promise<unknown> =>
    readUtilisation(client, { ...metrics, labels: { ...metrics.labels, ...(pod !== undefined && { pod }) } });
  const sample = { device: 'GPU-1', node: 'gpu-1', value: 93, ageSeconds: 4.5 };
  assert.deepEqual(await read(), [{ ...sample, pod: null }]);
  assert.deepEqual(await read('exported_pod'), [{ ...sample, pod: 'inference-0' }]);
});
