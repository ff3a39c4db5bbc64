/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The expected answer to each query, computed without the store, and the leader of that data. */
  'query-expected': {
    leader: z.string().nullable(),
    answers: z.array(z.strictObject({ question: z.string(), answer: z.array(z.string()) })),
  },
  /** Answers to the same queries, sent as applications do or to each member for its own copy; null: not all were answered. */
  'query-answers': {
    when: z.enum(['before', 'after', 'healed']),
    of: z.enum(['clients', 'members']),
    answers: z
      .array(z.strictObject({ source: z.string(), question: z.string(), answer: z.array(z.string()) }))
      .nullable(),
    detail: z.string(),
  },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
