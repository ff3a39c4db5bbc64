import { z } from 'zod';
import { endpoint, secretSource } from '../common.ts';
import { common } from './common.ts';

export const redis = z.strictObject({
  ...common,
  sentinel: z
    .strictObject({
      master: z.string().min(1).describe('The name under which the Sentinels watch the master'),
      addresses: z.array(endpoint).min(1).describe('Every Sentinel, in the order in which clients ask them'),
      user: z.string().min(1).optional(),
      password: secretSource
        .optional()
        .describe('Of the Sentinels themselves; the password of the store when left out'),
    })
    .optional()
    .describe('Applications find the master through them; without them the primary is the master'),
  wait: z
    .strictObject({
      replicas: z.int().min(0).default(1).describe('0: acknowledged with the reply alone'),
      milliseconds: z.int().min(1).default(400),
    })
    .default({ replicas: 1, milliseconds: 400 })
    .describe('A write counts as acknowledged when WAIT says that this many replicas have it'),
});
