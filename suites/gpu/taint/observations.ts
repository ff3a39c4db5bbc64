/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const name = z.string();
const taint = z.strictObject({ key: name, value: z.string().optional(), effect: z.string() });

export const OBSERVES = kinds({
  /** The taints of a node of the pool, and each pod on it with whether it tolerates them. */
  'gpu-tenants': {
    node: name,
    taints: z.array(taint),
    tenants: z.array(z.strictObject({ pod: name, tolerates: z.boolean() })),
  },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
