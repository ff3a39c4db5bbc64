/** Devices for inference as nodes and workloads name them. */
import { imageName } from '../store/recognising.ts';
import type { SeenSet } from '../store/recognising.ts';

/** Extended resources of GPUs: NVIDIA's device plugin (whole, MIG, shared), AMD's, Intel's (their documentation). */
const RESOURCE = /^(nvidia\.com\/(gpu|mig-.+)(\.shared)?|amd\.com\/gpu|gpu\.intel\.com\/(i915|xe))$/;
const PLUGIN = /(device-plugin|gpu-plugin|k8s-device-plugin)$/;

/** The resources of devices among all of a node or container, with how many there are; those of 0 are left out. */
export function devicesIn(resources: Readonly<Record<string, string>> = {}): Map<string, number> {
  const found = Object.entries(resources).filter(([name]) => RESOURCE.test(name));
  return new Map(
    found.map(([name, count]): [string, number] => [name, Number(count)]).filter(([, count]) => count > 0),
  );
}

/** The DaemonSet of a device plugin, by its image. */
export function recognisePlugin(sets: readonly SeenSet[]): SeenSet | undefined {
  return sets.find(
    ({ kind, containers }) =>
      kind === 'DaemonSet' && containers.some(({ image }) => PLUGIN.test(imageName(image))),
  );
}
