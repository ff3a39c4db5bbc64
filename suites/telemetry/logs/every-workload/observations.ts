/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The containers of a declared workload whose last lines are looked for. */
  'logging-workload': {
    workload: z.string(),
    pods: z.int(),
    containers: z.int(),
    /** Pods on nodes that `topology.nodes` leaves out: they are there, and are not looked at. */
    elsewhere: z.int(),
  },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
