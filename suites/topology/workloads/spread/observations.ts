/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  placement: {
    workload: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
    /** How many its object asks for; null: it is not there. */
    wanted: z.int().nonnegative().nullable(),
  },
  /**
   * Members of a store of which no workload has two: chosen by labels, or with a StatefulSet each. All members, where one alone has a StatefulSet of
   * its own.
   */
  'members-placed': {
    store: z.string(),
    pods: z.array(z.strictObject({ name: z.string(), node: z.string() })),
  },
  /** A disruption budget (`namespace/name`) that selects the pods of several workloads of one replica each: they may be the members of one store. */
  'shared-budget': { budget: z.string(), workloads: z.array(z.string()) },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
