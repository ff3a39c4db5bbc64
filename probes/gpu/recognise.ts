/** Devices for inference as nodes and workloads name them. */
import { imageName } from '../store/recognising.ts';
import type { SeenSet } from '../store/recognising.ts';

/** Extended resources of GPUs: NVIDIA's device plugin (whole, MIG, shared), AMD's, Intel's (their documentation). */
const RESOURCE = /^(nvidia\.com\/(gpu|mig-.+)(\.shared)?|amd\.com\/gpu|gpu\.intel\.com\/(i915|xe))$/;
const PLUGIN = /(device-plugin|gpu-plugin|k8s-device-plugin)$/;
/** Plugins of network devices, and what the GPU Operator runs of the same image beside its plugin. */
const OTHER = /sriov|rdma|feature-discovery|mps-control/;

/** The resources of devices among all of a node or container, with how many there are; those of 0 are left out. */
export function devicesIn(resources: Readonly<Record<string, string>> = {}): Map<string, number> {
  const found = Object.entries(resources).filter(([name]) => RESOURCE.test(name));
  return new Map(
    found.map(([name, count]): [string, number] => [name, Number(count)]).filter(([, count]) => count > 0),
  );
}

/**
 * DaemonSets that may be the device plugin, by their images. Those for which no node is meant are left out: GKE and the GPU Operator have one for
 * each kind of node.
 */
export function recognisePlugins(sets: readonly SeenSet[]): SeenSet[] {
  return sets.filter(
    ({ kind, name, replicas, containers }) =>
      kind === 'DaemonSet' &&
      replicas > 0 &&
      !OTHER.test(name) &&
      containers.some(({ image }) => PLUGIN.test(imageName(image)) && !OTHER.test(imageName(image))),
  );
}
