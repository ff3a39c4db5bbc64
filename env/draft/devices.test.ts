import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { REFERENCE } from './_testing/clusters.ts';
import { workload } from './_testing/objects.ts';
import { draftedOn } from './_testing/drafted.ts';

const server = await ListingApiServer.forTests();

/** The reference with a RuntimeClass in the template of one Deployment. */
function withRuntimeClass(name: string): Stood[] {
  return REFERENCE.map((one) => {
    if (one.metadata.name !== name || one.kind !== 'Deployment') return one;
    const changed = structuredClone(one) as Stood & { spec: { template: { spec: object } } };
    Object.assign(changed.spec.template.spec, { runtimeClassName: 'nvidia' });
    return changed;
  });
}

/** The reference with these DaemonSets in place of its device plugin: image, and on how many nodes. */
function withPlugins(sets: Readonly<Record<string, readonly [image: string, nodes: number]>>): Stood[] {
  const plugins = Object.entries(sets).flatMap(([at, [image, replicas]]) =>
    workload({ kind: 'DaemonSet', at, image, replicas }),
  );
  return [
    ...REFERENCE.filter(({ metadata }) => !metadata.name.startsWith('nvidia-device-plugin')),
    ...plugins,
  ];
}

const IMAGE = 'nvcr.io/nvidia/k8s-device-plugin:v0.17';

test('should take for the device plugin none that is meant for no node, or for something else', async () => {
  const { file } = await draftedOn(
    server,
    withPlugins({
      'gpu-operator/gpu-feature-discovery': [IMAGE, 1],
      'gpu-operator/nvidia-device-plugin-mps-control-daemon': [IMAGE, 0],
      'kube-system/a-sriov-device-plugin': ['ghcr.io/k8s/sriov-network-device-plugin:v3', 3],
      'kube-system/b-rdma': ['example.com/rdma-device-plugin:v1', 3],
      'kube-system/nvidia-gpu-device-plugin-large-cos': ['gke.gcr.io/nvidia-gpu-device-plugin:1', 0],
      'zz/nvidia-device-plugin-daemonset': [IMAGE, 1],
    }),
  );
  assert.deepEqual(file.gpu?.plugin, { namespace: 'zz', name: 'nvidia-device-plugin-daemonset' });
});

test('should leave the device plugin open where several may be it', async () => {
  const { file, completed, text } = await draftedOn(
    server,
    withPlugins({
      'kube-system/small-cos': ['gke.gcr.io/nvidia-gpu-device-plugin:1', 1],
      'kube-system/large-cos': ['gke.gcr.io/nvidia-gpu-device-plugin:1', 1],
    }),
  );
  assert.ok(file.gpu !== undefined && file.gpu.plugin === undefined);
  assert.match(
    text,
    /TODO which is the device plugin of this resource: kube-system\/large-cos, kube-system\/small-cos/,
  );
  assert.deepEqual(completed.gpu?.plugin, { namespace: 'kube-system', name: 'large-cos' });
});

test('should draft no device plugin where none is seen', async () => {
  const { file } = await draftedOn(server, withPlugins({}));
  assert.ok(file.gpu !== undefined && file.gpu.plugin === undefined);
});

test('should give canaries the RuntimeClass with which workloads ask for devices', async () => {
  const drafted = async (name: string): Promise<string | undefined> =>
    (await draftedOn(server, withRuntimeClass(name))).file.gpu?.runtimeClass;
  assert.equal(await drafted('worker'), 'nvidia');
  assert.equal(await drafted('api'), undefined, 'it asks for no device');
});
