import { z } from 'zod';
import { kubeName, objectName } from '../declaring.ts';

/** An extended resource: a domain, a slash, a name (Kubernetes: "Advertise Extended Resources for a Node"). */
const resource = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'domain/name')
  .describe(
    'Extended resource of the devices: nvidia.com/gpu, a MIG profile such as nvidia.com/mig-1g.5gb, or nvidia.com/gpu.shared for time slices',
  );

const metricName = z.string().regex(/^[A-Za-z_:][A-Za-z0-9_:]*$/, 'the name of a metric');
const labelName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a label');

const metrics = z
  .strictObject({
    series: metricName.describe('Utilisation of each device, such as DCGM_FI_DEV_GPU_UTIL of dcgm-exporter'),
    labels: z
      .strictObject({
        device: labelName.default('UUID'),
        instance: labelName
          .default('GPU_I_ID')
          .describe(
            'The MIG instance, where a series has this label: device is that of the GPU that it is a part of',
          ),
        node: labelName.default('Hostname'),
        pod: labelName.optional().describe('The pod that holds the device, where the series says so'),
        namespace: labelName
          .optional()
          .describe(
            'The namespace of that pod; without it pods of one name in two namespaces are taken for one pod',
          ),
      })
      .prefault({})
      .describe('Its labels; the defaults are those of dcgm-exporter'),
    maximum: z
      .number()
      .positive()
      .default(100)
      .describe('Value of the metric for a device that is fully busy: 100 or 1'),
    perNode: z
      .int()
      .min(1)
      .optional()
      .describe('Devices of a node that are measured; devicesPerNode / sharedBy when left out'),
  })
  .describe('Where their utilisation is read, from the environment’s prometheus');

/** The pool of devices for inference, section 5.1. */
export const gpu = z
  .strictObject({
    resource,
    pool: z.string().min(1).describe('The pool of topology.pools whose nodes have the devices'),
    devicesPerNode: z
      .int()
      .min(1)
      .describe(
        'How much of the resource each node of the pool offers: devices, MIG instances, or time slices',
      ),
    sharedBy: z
      .int()
      .min(1)
      .default(1)
      .describe('Containers that may share a device: more than one only with time slices'),
    simulated: z
      .boolean()
      .default(false)
      .describe('No real devices are behind the resource; the report says so'),
    variable: labelName
      .default('NVIDIA_VISIBLE_DEVICES')
      .describe(
        'Environment variable of a container that may list its devices, separated by commas; asked last, and under CDI it says nothing',
      ),
    plugin: objectName.optional().describe('The DaemonSet of the device plugin'),
    image: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Image of the canary pods, which must contain busybox; topology.network.probeImage when left out',
      ),
    runtimeClass: kubeName
      .optional()
      .describe(
        "RuntimeClass of canaries that ask for a device, such as nvidia, where the nodes' default runtime puts no device into a container",
      ),
    priorityClass: kubeName
      .optional()
      .describe(
        'PriorityClass of canaries: one with preemptionPolicy Never, by which they displace no pod; without it no canary is started that might displace one that holds a device',
      ),
    workload: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Short command that runs in a canary with a device and exits with 0 if the device works, such as [nvidia-smi, -L]',
      ),
    metrics: metrics.optional(),
    claims: z
      .strictObject({
        driver: z
          .string()
          .min(1)
          .describe('Driver of the devices in the results of allocations, such as gpu.nvidia.com'),
      })
      .optional()
      .describe(
        'Pods may also hold devices of the pool through ResourceClaims (Dynamic Resource Allocation): these are read, and no device may be in two of them',
      ),
  })
  .refine(({ resource: name, sharedBy }) => !name.endsWith('.shared') || sharedBy > 1, {
    path: ['resource'],
    message: 'a name that ends with .shared needs sharedBy: how many containers share a device',
  });

export type Gpu = z.infer<typeof gpu>;

/**
 * How the devices behind a resource are shared: whole, as MIG instances, or in time slices. Derived from the names of NVIDIA's device
 * plugin: `nvidia.com/mig-1g.5gb` with the strategy "mixed", and `.shared` at the end for time slices if it renames them.
 */
export function kindOfResource({
  resource: name,
  sharedBy,
}: Pick<Gpu, 'resource' | 'sharedBy'>): 'whole' | 'mig' | 'shared' {
  if (sharedBy > 1 || name.endsWith('.shared')) return 'shared';
  return /\/mig-\d+[cg]\./.test(name) ? 'mig' : 'whole';
}
