import { z } from 'zod';

/** The pool of devices as a check saw it: the report's table of node, device and pod. */
export const gpuDetailSchema = z.object({
  /** Name of the extended resource. */
  resource: z.string(),
  /** Devices given whole, as MIG instances, or by slices of time. */
  kind: z.enum(['whole', 'mig', 'shared']),
  /** There are no devices behind the names. */
  simulated: z.boolean(),
  nodes: z.array(
    z.object({
      node: z.string(),
      /** Whether it belongs to the declared pool. */
      pool: z.boolean(),
      /** What it offers to the scheduler; null: it does not know the resource. */
      offers: z.number().nullable(),
      /** What its pods ask for; null: it was not looked at. */
      requested: z.number().nullable(),
    }),
  ),
  devices: z.array(
    z.object({
      node: z.string(),
      device: z.string(),
      /** Who holds it; empty: nobody; null: it was not told. */
      pod: z.string().nullable(),
      /** Share of the time in which it was busy, 0 to 1; null: not measured. */
      utilisation: z.number().nullable(),
    }),
  ),
});

export type GpuDetail = z.infer<typeof gpuDetailSchema>;
