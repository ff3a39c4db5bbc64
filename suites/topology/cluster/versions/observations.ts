/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  'api-version': { version: z.string() },
  /** An API server that runs as a pod. */
  'api-pod': { node: z.string(), address: z.string() },
  /** `t` is the time of the handshake. Times and `daysLeft` are null where there was no handshake. */
  certificate: {
    subject: z.string(),
    address: z.string(),
    /** ISO 8601. */
    validTo: z.string().nullable(),
    /** Whether its time has begun. */
    begun: z.boolean().nullable(),
    daysLeft: z.number().nullable(),
    /** Whether an authority that is trusted here signed it; null where none is declared for it. */
    chainOk: z.boolean().nullable(),
    /** Whether it was made out for the name by which clients call; null where none is declared for it. */
    nameOk: z.boolean().nullable(),
    detail: z.string(),
  },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
