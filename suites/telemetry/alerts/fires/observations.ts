/** What this check alone records. */
import { z } from 'zod';
import { kinds } from '../../../../reports/record/observations/kinds.ts';

export const OBSERVES = kinds({
  /** The environment permits no writes. */
  'reads-only': {},
  /** The breach can be scraped from now on. */
  breach: {},
  /** By what Alertmanager says of it: active, or suppressed by a silence or another alert. */
  'alert-arrived': { state: z.string() },
  'alert-missing': {},
  'breach-ended': {},
  /** After the breach was ended: the alert went, or did not while it was looked at. */
  'alert-ended': {},
  'alert-stays': {},
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
