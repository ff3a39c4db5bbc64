/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  placement: {
    workload: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
    /** Number of these pods. */
    count: z.int(),
    /** Their nodes, each once. */
    nodes: z.array(z.string()),
    /** Names of the disruption budgets that select these pods. */
    budgets: z.array(z.string()),
  },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
