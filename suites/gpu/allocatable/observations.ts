/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const name = z.string();

export const OBSERVES = kinds({
  /** The DaemonSet of the device plugin, and the nodes on which a pod of it is ready. */
  'gpu-plugin': { ready: z.int(), wanted: z.int(), nodes: z.array(name) },
});

type Own = typeof OBSERVES;

declare module '../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
