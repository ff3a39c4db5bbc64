/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The answer of an API server at its own address, before all outages or after its own. */
  'api-server': {
    node: z.string(),
    address: z.string(),
    when: z.enum(['before', 'again']),
    ok: z.boolean(),
    detail: z.string(),
  },
  'server-down': { node: z.string(), proved: z.boolean(), detail: z.string() },
  'server-start': { node: z.string() },
  /** A request to the clients' address, numbered from 1; `t` is the time of its answer. */
  'api-request': { n: z.int(), sentMs: z.number(), ok: z.boolean(), detail: z.string() },
  /** All requests to the clients' address together. */
  'api-requests': { sent: z.int(), answered: z.int() },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
