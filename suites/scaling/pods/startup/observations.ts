/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** A pod was created and became ready. */
  'pod-started': {
    pod: z.string(),
    createdMs: z.number(),
    readyMs: z.number(),
    node: z.string().nullable(),
    imagePresent: z.boolean(),
    initContainers: z.number(),
  },
  'pod-not-started': { pod: z.string(), createdMs: z.number(), reason: z.string() },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
