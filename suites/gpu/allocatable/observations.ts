/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const name = z.string();

export const OBSERVES = kinds({
  /** The DaemonSet of the device plugin, and the nodes on which a pod of it is ready. */
  'gpu-plugin': { ready: z.int(), wanted: z.int(), nodes: z.array(name) },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
