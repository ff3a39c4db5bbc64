/** What this check alone records. */
import { MODELS } from '../../../reports/record/observations/integrations.ts';
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const model = z.enum(MODELS);

export const OBSERVES = kinds({
  /** The stand-in could not be configured, so no draft was requested. */
  'not-tried': { model, reason: z.string() },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
