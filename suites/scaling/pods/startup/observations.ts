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

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
