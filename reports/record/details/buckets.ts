import { z } from 'zod';

/**
 * Counts of durations, in buckets of at most 0.1 % width (HDR histogram, three significant digits): `[lowest value of the bucket in µs, count]`,
 * ascending, empty buckets left out.
 */
export const bucketsSchema = z.array(z.tuple([z.number(), z.number()]));
export type Buckets = z.infer<typeof bucketsSchema>;
