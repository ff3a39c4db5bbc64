/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  'control-node': { name: z.string(), ready: z.boolean() },
});

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
