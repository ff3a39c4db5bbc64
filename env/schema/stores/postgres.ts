import { z } from 'zod';
import { kubeName, port, secretSource } from '../common.ts';
import { common } from './common.ts';

export const postgres = z.strictObject({
  ...common,
  database: z.string().min(1),
  user: z.string().min(1),
  password: secretSource,
  services: z
    .strictObject({ primary: kubeName, replica: kubeName.optional() })
    .describe('Services in the namespace of the StatefulSet whose endpoints follow the roles'),
  patroni: z
    .strictObject({ port, scope: z.string().min(1) })
    .optional()
    .describe('REST port of Patroni in each pod, and the name of its cluster'),
});
