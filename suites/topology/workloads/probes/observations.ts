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

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
