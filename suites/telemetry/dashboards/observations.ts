/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  rendered: {
    uid: z.string(),
    status: z.int(),
    panels: z.int(),
    errors: z.int(),
    /**
     * Answers to the queries of panels. `panel`: its id; null: the query does not say. `points`: of time, or rows, in all of it; null: it could not be read.
     * `asks`: what is asked in PromQL; none: it is asked in another language; left out: the question could not be read.
     */
    data: z.array(
      z.object({
        panel: z.string().nullable(),
        points: z.int().nullable(),
        asks: z.array(z.string()).optional(),
      }),
    ),
  },
  /**
   * What gave a panel no data, asked of the Prometheus of the environment: how many results it has there. `lost`: its selectors of which there are no series,
   * nor any with the same labels of other values.
   */
  'empty-query': { query: z.string(), results: z.int(), lost: z.array(z.string()) },
  'not-rendered': { uid: z.string(), reason: z.string() },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
