/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The ports of a workload that serves, one line of each. */
  'service-ports': {
    workload: z.string(),
    /** How many Services lead to it: one `service-endpoints` of each. */
    services: z.int(),
    /** Those by number to which a Service leads and which no container declares, as `8080/TCP`. */
    undeclared: z.array(z.string()),
  },
  /** A Service (`namespace/name`) that leads to a workload, once it and its pods have settled. */
  'service-endpoints': {
    workload: z.string(),
    service: z.string(),
    /** The pods that its selector chooses, but those that have ended and those without an address. */
    pods: z.array(z.strictObject({ pod: z.string(), ips: z.array(z.string()), ready: z.boolean() })),
    /** Those that are ready, of its EndpointSlices. */
    addresses: z.array(z.string()),
    /** It leads to pods that are not ready as well (`publishNotReadyAddresses`). */
    publishesUnready: z.literal(true).optional(),
  },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
