import { z } from 'zod';

/** How long something took to be seen in its store: enough for the report's chart, in a size that does not grow with the samples. */
const delaysSchema = z.object({
  /** `log lines`, `traces` */
  name: z.string(),
  samples: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  /** Upper bounds of the bins, ascending; the last count is of delays above the last bound. */
  edgesMs: z.array(z.number()),
  counts: z.array(z.number()),
});
export type Delays = z.infer<typeof delaysSchema>;

export const telemetryDetailSchema = z.object({ delays: z.array(delaysSchema) });
export type TelemetryDetail = z.infer<typeof telemetryDetailSchema>;
