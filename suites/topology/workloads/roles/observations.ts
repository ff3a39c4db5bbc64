/** What this check alone records. */
import { CANNOT_ASK, DOWN } from '../../../../reports/record/ask-causes.ts';
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** A store's leader as it reports it; a `member` of each of its members and a `condition` of each that it states follow. */
  described: { store: z.string(), leader: z.string().nullable() },
  'store-down': { store: z.string(), cause: z.enum(DOWN), reason: z.string() },
  'store-unasked': { store: z.string(), cause: z.enum(CANNOT_ASK), reason: z.string() },
  /** `refused` is null if the read Service could not be reached, or the run may only read and the store does not say it itself. */
  'read-service': {
    store: z.string(),
    address: z.string(),
    refused: z.boolean().nullable(),
    detail: z.string(),
  },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
