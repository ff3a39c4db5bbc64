import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Drafts that are requested while the model behaves as usual. */
export const USUAL_DRAFTS = 5;
/** Behaviours that the model's stand-in is switched to, in this order; `usual` is the normal one. */
export const MODELS = ['usual', 'busy', 'broken', 'silent'] as const;

const model = z.enum(MODELS);

/** Observations of the language model, and of the logs that may hold its token. */
export const INTEGRATIONS = kinds({
  /** A requested draft and its outcome; times are CLOCK_MONOTONIC. */
  draft: {
    model,
    sentMs: z.number(),
    answeredMs: z.number(),
    /** null: no answer came; `error` says why. */
    status: z.int().nullable(),
    /** Whether the service says that it answered without the model; null: it does not say. */
    degraded: z.boolean().nullable(),
    /** Whether the answer contains a text. */
    written: z.boolean(),
    /** Why there was no answer, or what was not as the contract has it; empty: nothing. */
    error: z.string(),
  },
  /** Every log that was searched for the token, and where it was found; never a line of a log. */
  'key-scan': {
    /** Where pods were looked for. */
    namespaces: z.array(z.string()),
    /** Containers of the pods whose logs were searched: each has one, or a reason why it was not read. */
    containers: z.int(),
    /** `namespace/pod container` each. */
    logs: z.array(z.string()),
    lines: z.int(),
    found: z.array(z.strictObject({ log: z.string(), lines: z.int() })),
    unread: z.array(z.strictObject({ log: z.string(), reason: z.string() })),
    /** Logs too long to be read whole. */
    cut: z.array(z.string()),
  },
  'key-scan-failed': { reason: z.string() },
});
