/** What this check alone records. */
import { kinds } from '../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

const name = z.string();

export const OBSERVES = kinds({
  /** Pods of a declared workload that asks for devices; node null: not placed yet. */
  'gpu-placed': {
    workload: name,
    pods: z.array(z.strictObject({ pod: name, node: name.nullable() })),
  },
  /** The command that proves that a real device answers. */
  'gpu-answer': { command: z.string(), code: z.int(), output: z.string() },
});

type Own = typeof OBSERVES;

declare module '../../../reports/record/observations/index.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it merges with those of other checks
  interface Kinds extends Own {}
}
