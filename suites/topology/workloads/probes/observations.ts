/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The ports of a workload that serves, one line of each. */
  'service-ports': {
    workload: z.string(),
    /** Those by number to which a Service leads and which no container declares, as `8080/TCP`. */
    undeclared: z.array(z.string()),
  },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
