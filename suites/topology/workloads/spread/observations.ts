/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  placement: {
    workload: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
    /** How many pods these are. */
    count: z.int(),
    /** How many its object asks for; null: it is not there. Records of earlier versions lack it. */
    wanted: z.int().nullable().optional(),
    /** Which nodes these are, each once. */
    nodes: z.array(z.string()),
    /** The disruption budgets that select its pods. */
    budgets: z.array(z.string()),
  },
  /** Members of a store of which no workload has two: chosen by labels, or with a StatefulSet each. `count`: how many pods these are. */
  'members-placed': {
    store: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
    count: z.int(),
  },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
