/** What this check alone records. */
import { state } from '../../../reports/record/observations/gpu.ts';
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const name = z.string();

export const OBSERVES = kinds({
  /** A pod that should wait for a device, as it was before one was given back. */
  'gpu-waits': { pod: name, state, node: name.nullable(), detail: z.string() },
  /** `ready`: whether the next pod got the device. `sinceMs`: when it became free; `seenMs`: the last look; CLOCK_MONOTONIC, ms. */
  'gpu-back': {
    what: z.enum(['deletion', 'restart']),
    node: name.nullable(),
    ready: z.boolean(),
    sinceMs: z.number(),
    seenMs: z.number(),
    detail: z.string(),
  },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
