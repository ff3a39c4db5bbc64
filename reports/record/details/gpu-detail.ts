import { z } from 'zod';

/** The pool of devices as a check saw it: the report's table of node, device and pod. */
export const gpuDetailSchema = z.object({
  /** Name of the extended resource. */
  resource: z.string(),
  /** How devices are shared out: whole, as MIG instances, or by time-slicing. */
  kind: z.enum(['whole', 'mig', 'shared']),
  /** There are no devices behind the names. */
  simulated: z.boolean(),
  nodes: z.array(
    z.object({
      node: z.string(),
      /** Whether it belongs to the declared pool. */
      pool: z.boolean(),
      /** Allocatable devices of the node; null: the node does not know the resource. */
      offers: z.number().nullable(),
      /** Devices that its pods request; null: they were not read. */
      requested: z.number().nullable(),
    }),
  ),
  devices: z.array(
    z.object({
      node: z.string(),
      device: z.string(),
      /** Pod that holds the device; empty: none; null: not reported. */
      pod: z.string().nullable(),
      /** Share of the time in which it was busy, 0 to 1; null: not measured. */
      utilisation: z.number().nullable(),
    }),
  ),
});

export type GpuDetail = z.infer<typeof gpuDetailSchema>;
