import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What a client that writes and reads at fixed rates records besides its operations. */
export const REQUESTS = kinds({
  /** The client, its rates and its time-outs. Its first operation follows as soon as its connections are open. */
  'client-load-start': {
    store: z.string(),
    /** Run id that its writes carry in the store. */
    run: z.string(),
    client: z.string(),
    ratePerSecond: z.number(),
    readRatePerSecond: z.number(),
    settings: z.strictObject({
      operationTimeoutMs: z.number(),
      connectTimeoutMs: z.number(),
      waitTimeoutMs: z.number(),
      connections: z.int(),
      maxConnections: z.int(),
      host: z.string(),
      port: z.int(),
      /** Further addresses, as `host:port`: tried in this order after the first. */
      alternatives: z.array(z.string()).optional(),
      /** What keeps it punctual on a busy machine. */
      scheduling: z.string(),
    }),
    /** Errors that prove that a write did not happen. */
    definiteFailures: z.array(z.string()),
  },
  /** How many operations it scheduled; each of them has a line of its own. */
  'client-load-end': { scheduled: z.int(), scheduledReads: z.int() },
  'client-load-failed': { reason: z.string() },
  /** What a consumer received during the writes, for a store that delivers messages. */
  reader: {
    queue: z.string(),
    delivered: z.int(),
    /** Delivered again and flagged as such: no duplication. */
    redelivered: z.int(),
    duplicates: z.int(),
    /** Delivered after a later message of the same publisher. */
    outOfOrder: z.int(),
  },
  /** What became of the credentials of the client. */
  credentials: {
    /** Tokens got after the first: ahead of expiry, and after a refusal. */
    renewals: z.int(),
    /** Renewals that an answer of 401, or a login page, caused. */
    refusals: z.int(),
    /** Renewals that failed, and why the last one did. */
    failures: z.int(),
    trouble: z.string(),
  },
  /** What a reader of the report must know. */
  remark: { text: z.string() },
});
