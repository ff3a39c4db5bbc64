/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';

export const OBSERVES = kinds({
  /** The environment permits no writes. */
  'reads-only': {},
  /** The breach can be scraped from now on. */
  breach: {},
  'alert-arrived': {},
  'alert-missing': {},
  /** After the breach was ended: the alert went, or did not while it was looked at. */
  'alert-ended': {},
  'alert-stays': {},
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
