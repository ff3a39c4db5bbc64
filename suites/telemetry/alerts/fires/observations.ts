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

type Own = typeof OBSERVES;

declare module '../../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
