/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** What an injector has put into a pod (`namespace/name`) for a container whose template leaves its image to it (Istio: `auto`). */
  'injected-image': { workload: z.string(), container: z.string(), pod: z.string(), image: z.string() },
  /** A container of a pod that its template does not have, or has with another image: what a webhook put in, or what was not replaced yet. */
  'pod-image': { workload: z.string(), container: z.string(), pod: z.string(), image: z.string() },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
