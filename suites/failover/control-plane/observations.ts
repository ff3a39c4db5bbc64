/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** Every pod that is there to stay, and which of them belong to what an autoscaler resizes. */
  'platform-pods': {
    pods: z.array(
      z.strictObject({
        /** `namespace/name` */
        pod: z.string(),
        uid: z.string(),
        restarts: z.int(),
        node: z.string().nullable(),
        /** kubelet's own: it comes from a file of its node. */
        static: z.boolean(),
      }),
    ),
    scaled: z.array(z.strictObject({ pod: z.string(), workload: z.string() })),
  },
  /** The number of the last write, as the object that was written to holds it. */
  register: { n: z.int() },
});

type Own = typeof OBSERVES;

declare module '../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
