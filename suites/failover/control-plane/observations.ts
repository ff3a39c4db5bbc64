/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** Every long-lived pod, and which of them have an autoscaler. */
  'platform-pods': {
    pods: z.array(
      z.strictObject({
        /** `namespace/name` */
        pod: z.string(),
        uid: z.string(),
        restarts: z.int(),
        node: z.string().nullable(),
        /** A static pod, which kubelet starts from a file on its node. */
        static: z.boolean(),
      }),
    ),
    scaled: z.array(z.strictObject({ pod: z.string(), workload: z.string() })),
  },
  /** The number of the last write, as the object that was written to holds it. */
  register: { n: z.int() },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
