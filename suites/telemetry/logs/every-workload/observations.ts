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

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
