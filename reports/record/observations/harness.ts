import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What the harness itself writes into any history, whatever the check. */
export const HARNESS = kinds({
  /** The check's body ran to its end. */
  end: {},
  /** A source did not answer, or may not be asked. */
  unavailable: { what: z.string(), reason: z.string() },
  /** The runner's own verdict on a check: it crashed, it was cut off, it could not be run. */
  'runner-verdict': {
    verdict: z.enum(['inconclusive', 'fail']),
    message: z.string(),
  },
  /** Logs and events beside the observations, for people. */
  evidence: { source: z.string(), text: z.string(), at: z.string().optional() },
});
