import { z } from 'zod';
import { common } from './common.ts';

export const elasticsearch = z.strictObject({
  ...common,
  index: z
    .strictObject({
      replicas: z
        .int()
        .min(0)
        .default(2)
        .describe('Copies of a shard besides the primary, as platform indices keep'),
    })
    .default({ replicas: 2 })
    .describe(
      'Of the index that the canary writes to; a write counts as acknowledged when a majority of the copies has it',
    ),
});
