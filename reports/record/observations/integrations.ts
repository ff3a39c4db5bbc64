import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Drafts that are asked for while the model is as it is. */
export const USUAL_DRAFTS = 5;
/** What its stand-in is told to be, in this order; `usual` is what it is at rest. */
export const MODELS = ['usual', 'busy', 'broken', 'silent'] as const;

const model = z.enum(MODELS);

/** What is asked of the language model and of the logs that may hold its token. */
export const INTEGRATIONS = kinds({
  /** A draft that was asked for, and what came of it; times are CLOCK_MONOTONIC. */
  draft: {
    model,
    sentMs: z.number(),
    answeredMs: z.number(),
    /** null: no answer came, for this reason. */
    status: z.int().nullable(),
    /** Whether the service says that it did without the model; null: it does not say. */
    degraded: z.boolean().nullable(),
    /** Whether there is a text in the answer. */
    written: z.boolean(),
    error: z.string(),
  },
  /** Every log that was looked through for the token, and where it is; never a line of a log. */
  'key-scan': {
    /** `namespace/pod container` each. */
    logs: z.array(z.string()),
    lines: z.int(),
    found: z.array(z.strictObject({ log: z.string(), lines: z.int() })),
    unread: z.array(z.strictObject({ log: z.string(), reason: z.string() })),
    /** So long that only a part was read. */
    cut: z.array(z.string()),
  },
  'key-scan-failed': { reason: z.string() },
});
