/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  rendered: {
    uid: z.string(),
    status: z.int(),
    panels: z.int(),
    errors: z.int(),
    /** Answers to the queries of panels: points of time, or rows, in all of their frames. `panel`: its id; null: the query does not say. */
    data: z.array(z.object({ panel: z.string().nullable(), points: z.int() })),
  },
  'not-rendered': { uid: z.string(), reason: z.string() },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
