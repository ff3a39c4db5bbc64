/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** What each question to a store must find, computed without the store, and who leads that data. */
  'query-expected': {
    leader: z.string().nullable(),
    answers: z.array(z.strictObject({ question: z.string(), answer: z.array(z.string()) })),
  },
  /** The same questions asked as applications do, or each member for its own copy; answers null: they were not all answered. */
  'query-answers': {
    when: z.enum(['before', 'after', 'healed']),
    of: z.enum(['clients', 'members']),
    answers: z
      .array(z.strictObject({ source: z.string(), question: z.string(), answer: z.array(z.string()) }))
      .nullable(),
    detail: z.string(),
  },
});

type Own = typeof OBSERVES;

declare module '../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
