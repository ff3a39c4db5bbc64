import { z } from 'zod';
import { objectName } from '../declaring.ts';

/** An extended resource: a domain, a slash, a name (Kubernetes: "Advertise Extended Resources for a Node"). */
const resource = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'domain/name')
  .describe(
    'Extended resource of the devices: nvidia.com/gpu, a MIG profile such as nvidia.com/mig-1g.5gb, or sliced in time, nvidia.com/gpu.shared',
  );

const metricName = z.string().regex(/^[A-Za-z_:][A-Za-z0-9_:]*$/, 'the name of a metric');
const labelName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a label');

const metrics = z
  .strictObject({
    series: metricName.describe('Utilisation of each device, such as DCGM_FI_DEV_GPU_UTIL of dcgm-exporter'),
    labels: z
      .strictObject({
        device: labelName.default('UUID'),
        node: labelName.default('Hostname'),
        pod: labelName.optional().describe('The pod that holds the device, where the series says so'),
      })
      .prefault({})
      .describe('Its labels; the defaults are those of dcgm-exporter'),
    maximum: z
      .number()
      .positive()
      .default(100)
      .describe('Value of a device that is busy all the time: 100 or 1'),
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
        'How much of the resource each node of the pool offers: devices, MIG instances, or slices of time',
      ),
    sharedBy: z
      .int()
      .min(1)
      .default(1)
      .describe('Containers that may hold a device at once: more than one only where its time is sliced'),
    simulated: z
      .boolean()
      .default(false)
      .describe('There are no devices behind the names; the report says so'),
    variable: labelName
      .default('NVIDIA_VISIBLE_DEVICES')
      .describe('Variable of a container that names the devices which it was given, separated by commas'),
    plugin: objectName.optional().describe('The DaemonSet of the device plugin'),
    image: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Image of the canary pods, with busybox in it; as in topology.network.probeImage when left out',
      ),
    workload: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'A short command that is run in a canary with a device and ends with 0 when the device answers, such as [nvidia-smi, -L]',
      ),
    metrics: metrics.optional(),
  })
  .refine(({ resource: name, sharedBy }) => !name.endsWith('.shared') || sharedBy > 1, {
    path: ['resource'],
    message: 'a name that ends with .shared needs sharedBy: how many containers share a device',
  });

export type Gpu = z.infer<typeof gpu>;

/**
 * How the devices behind a resource are shared out: each whole, in MIG instances, or by slices of time. Read from the names that NVIDIA's
 * device plugin gives: `nvidia.com/mig-1g.5gb` with the strategy "mixed", `.shared` at the end for slices where they are renamed.
 */
export function kindOfResource({
  resource: name,
  sharedBy,
}: Pick<Gpu, 'resource' | 'sharedBy'>): 'whole' | 'mig' | 'shared' {
  if (sharedBy > 1 || name.endsWith('.shared')) return 'shared';
  return /\/mig-\d+[cg]\./.test(name) ? 'mig' : 'whole';
}
