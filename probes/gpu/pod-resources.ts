/**
 * What kubelet says that it has given to containers: the answer of PodResourcesLister/List (kubernetes/kubelet,
 * pkg/apis/podresources/v1/api.proto) as JSON. Clients write the names of its fields in two ways.
 */
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';

/** One container. */
export interface HeldBy {
  namespace: string;
  pod: string;
  container: string;
}

/** Where kubelet has its socket on every node. */
export const POD_RESOURCES = '/var/lib/kubelet/pod-resources';

const device = z
  .object({
    resource_name: z.string().optional(),
    resourceName: z.string().optional(),
    device_ids: z.array(z.string()).optional(),
    deviceIds: z.array(z.string()).optional(),
  })
  .transform((one) => ({
    resource: one.resource_name ?? one.resourceName ?? '',
    ids: one.device_ids ?? one.deviceIds ?? [],
  }));
const pod = z.object({
  name: z.string(),
  namespace: z.string(),
  containers: z.array(z.object({ name: z.string(), devices: z.array(device).default([]) })).default([]),
});
const answer = z
  .object({ pod_resources: z.array(pod).optional(), podResources: z.array(pod).optional() })
  .transform((one) => one.pod_resources ?? one.podResources);

/**
 * Devices of a container by kubelet; null: it was not asked, its answer has another shape, or it knows of none there, as of those that were
 * given through a claim.
 */
export function devicesOf(text: string | null, holder: HeldBy, resource: string): string[] | null {
  if (text === null) return null;
  const found = answer.safeParse(parseJson(text));
  const pods = found.success ? found.data : undefined;
  const own = pods?.find(({ name, namespace }) => name === holder.pod && namespace === holder.namespace);
  const container = own?.containers.find(({ name }) => name === holder.container);
  if (container === undefined) return null;
  const ids = container.devices.filter((one) => one.resource === resource).flatMap((one) => one.ids);
  return ids.length === 0 ? null : [...new Set(ids.map(plainId))].sort();
}

/** Without the number that NVIDIA's plugin adds for each time slice of a device: `GPU-…::3`. */
export const plainId = (id: string): string => id.replace(/::\d+$/, '');
