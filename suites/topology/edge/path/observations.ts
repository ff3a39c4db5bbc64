/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  'edge-answer': {
    url: z.string(),
    status: z.int(),
    /** It is an answer as the application's contract has it; else why not. */
    ok: z.boolean(),
    why: z.string(),
    correlationIdSent: z.string(),
    correlationIdSeen: z.string(),
    /** Those that hops are declared to leave, in lower case. */
    headers: z.record(z.string(), z.string()),
    authorized: z.boolean(),
    tlsError: z.string(),
    /** The certificate is not accepted, so that the request was sent without `application.credentials`. */
    withheld: z.literal(true).optional(),
    ms: z.number(),
  },
  'edge-failed': { url: z.string(), reason: z.string() },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
