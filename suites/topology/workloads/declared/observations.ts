/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** Everything in the closed namespaces that runs pods was listed: one `owner` of each. */
  owners: {},
  owner: { kindName: z.string(), namespace: z.string(), name: z.string(), pods: z.int() },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
