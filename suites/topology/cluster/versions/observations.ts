/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

/** Begins the name of a node as a client and, in certificates that kubelets renew by themselves, as a server. */
export const NODE_SUBJECT = 'system:node:';

export const OBSERVES = kinds({
  'api-version': { version: z.string() },
  /** An API server that runs as a pod. */
  'api-pod': { node: z.string() },
  /** `t` is the time of the handshake. Times are null where there was no handshake. */
  certificate: {
    subject: z.string(),
    address: z.string(),
    /** ISO 8601. */
    validFrom: z.string().nullable(),
    validTo: z.string().nullable(),
    /** The common name of its subject, where that is a node's (`system:node:…`), which others cannot have; null: it is another. */
    issuedTo: z.string().nullable(),
    /** The certificates that were sent behind it, in their order, by the common names of their subjects. */
    chain: z.array(z.strictObject({ issuedTo: z.string(), validTo: z.string() })),
    /** Whether the authority declared for it signed it; null where none is declared. */
    chainOk: z.boolean().nullable(),
    /** Whether it was issued for the name that clients use; null where no authority is declared. */
    nameOk: z.boolean().nullable(),
    detail: z.string(),
  },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
