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

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
