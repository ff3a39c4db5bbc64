import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Series } from '../../reports/record/telemetry/objective.ts';
import { devicesGiven, offerOf, planHolders, readPods, readUtilisation, toleratesAll } from './index.ts';
import { NVIDIA } from './_testing/nvidia.ts';

const printed = (environment: string[], files: string[] = [], more: string[] = []): string =>
  [...environment, '-- devices --', ...files, ...more, ''].join('\n');

test('should read which devices a container was given, by its variable', () => {
  const { devices, reportedBy } = devicesGiven(printed(['PATH=/bin', 'NVIDIA_VISIBLE_DEVICES=a, b']), NVIDIA);
  assert.deepEqual([devices, reportedBy], [['a', 'b'], 'variable']);
  const simulated = { ...NVIDIA, variable: 'PLUMBLINE_DEVICES', simulated: true } as const;
  assert.deepEqual(devicesGiven(printed(['XPLUMBLINE_DEVICES=a']), simulated).devices, []);
});

test('false verdict 19: devices that CDI gives are read from their nodes, whatever the variable says', () => {
  const files = ['/dev/null', '/dev/nvidia3', '/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/dri/renderD128'];
  for (const environment of [
    ['NVIDIA_VISIBLE_DEVICES=void'],
    ['PATH=/bin'],
    ['NVIDIA_VISIBLE_DEVICES=all'],
  ]) {
    const given = devicesGiven(printed(environment, files), NVIDIA);
    assert.deepEqual([given.devices, given.reportedBy, given.detail], [['nvidia3'], 'device nodes', '']);
  }
});

test('false verdict 19: what nothing names is not known, and why is said', () => {
  const none = devicesGiven(printed(['NVIDIA_VISIBLE_DEVICES=void'], ['/dev/null']), NVIDIA);
  assert.equal(none.devices, null);
  assert.match(
    none.detail,
    /NVIDIA_VISIBLE_DEVICES is "void", and the container has no device node that names one, and there is no nvidia-smi/,
  );
  const mig = devicesGiven(printed([], ['/dev/nvidia0']), { ...NVIDIA, kind: 'mig' });
  assert.equal(mig.devices, null);
  assert.match(mig.detail, /is not set, and device nodes cannot identify MIG instances/);
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
  const pods = readPods(JSON.stringify({ items }), 'nvidia.com/gpu') ?? assert.fail();
  assert.deepEqual(
    pods.map(({ name, requested }) => [name, requested]),
    [
      ['tender/two', 2],
      ['tender/init', 3],
      ['tender/none', 0],
    ],
  );
  assert.deepEqual(pods[2]?.tolerations, [{ operator: 'Exists' }]);
  assert.equal(readPods('{"items": [{}]}', 'nvidia.com/gpu'), null);
  assert.equal(readPods('upstream down', 'nvidia.com/gpu'), null);
});

test('should tell pods that a kubelet starts from a file', () => {
  const annotations = { 'kubernetes.io/config.mirror': '6b1c', 'kubernetes.io/config.source': 'file' };
  const items = [
    { metadata: { name: 'kube-proxy-gpu-1', namespace: 'kube-system', annotations }, spec: {} },
    { metadata: { name: 'job', namespace: 'tender' }, spec: {} },
  ];
  const pods = readPods(JSON.stringify({ items }), 'nvidia.com/gpu') ?? assert.fail();
  assert.deepEqual(
    pods.map(({ isStatic }) => isStatic),
    [true, false],
  );
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

test('should read the utilisation of devices with its time, by the labels that are declared', async () => {
  const labels = { UUID: 'GPU-1', Hostname: 'gpu-1', exported_pod: 'inference-0' };
  const answers: Record<string, Series[]> = {
    DCGM_FI_DEV_GPU_UTIL: [
      { labels: { __name__: 'DCGM_FI_DEV_GPU_UTIL', ...labels }, points: [[100_000, 93]] },
    ],
    'timestamp(DCGM_FI_DEV_GPU_UTIL)': [{ labels, points: [[100_000, 95.5]] }],
  };
  const client = { query: (query: string) => Promise.resolve(answers[query] ?? []) };
  const metrics = {
    series: 'DCGM_FI_DEV_GPU_UTIL',
    labels: { device: 'UUID', instance: 'GPU_I_ID', node: 'Hostname' },
    maximum: 100,
  };
  const read = async (pod?: string): Promise<unknown> =>
    readUtilisation(client, { ...metrics, labels: { ...metrics.labels, ...(pod !== undefined && { pod }) } });
  const sample = { device: 'GPU-1', node: 'gpu-1', value: 93, atSeconds: 95.5 };
  assert.deepEqual(await read(), { nowSeconds: 100, samples: [{ ...sample, pod: null }] });
  assert.deepEqual(await read('exported_pod'), {
    nowSeconds: 100,
    samples: [{ ...sample, pod: 'inference-0' }],
  });
});

test('should name the instance that a series is of, and the namespace of its pod', async () => {
  const of = (more: Record<string, string>): Series => ({
    labels: { UUID: 'GPU-1', Hostname: 'gpu-1', exported_pod: 'ai-0', ...more },
    points: [[100_000, 0.5]],
  });
  const series = [
    of({ GPU_I_ID: '7', exported_namespace: 'ai' }),
    of({ GPU_I_ID: '8', exported_namespace: '' }),
    of({}),
  ];
  const client = { query: () => Promise.resolve(series) };
  const labels = {
    device: 'UUID',
    instance: 'GPU_I_ID',
    node: 'Hostname',
    pod: 'exported_pod',
    namespace: 'exported_namespace',
  };
  const { samples } = await readUtilisation(client, { series: 'busy', labels, maximum: 1 });
  assert.deepEqual(
    samples.map(({ device, namespace }) => [device, namespace]),
    [
      ['GPU-1/7', 'ai'],
      ['GPU-1/8', undefined],
      ['GPU-1', undefined],
    ],
  );
});
