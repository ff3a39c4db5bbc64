/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  rendered: { uid: z.string(), status: z.int(), panels: z.int(), errors: z.int() },
  'not-rendered': { uid: z.string(), reason: z.string() },
});

type Own = typeof OBSERVES;

declare module '../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
