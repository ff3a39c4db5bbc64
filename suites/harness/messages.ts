/** What the runner says of a check to the test in Playwright that shows it, one JSON object a line. */
import { z } from 'zod';
import type { Judgement } from '../../reports/record/judgement.ts';

/** Names the Unix socket on which Playwright asks; set by global-setup.ts for the runner and for the tests. */
export const SOCKET = 'PLUMBLINE_SOCKET';

/** Steps are numbered, since they may overlap. */
const step = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('step-begins'), step: z.number(), title: z.string() }),
  z.object({ kind: z.literal('step-ends'), step: z.number(), error: z.string().exactOptional() }),
]);
/** The last message. The judgement is null for a check that is not run, and `notRun` says why. */
const verdict = z.object({
  kind: z.literal('verdict'),
  judgement: z.custom<Judgement>((seen) => typeof seen === 'object').nullable(),
  notRun: z.string().exactOptional(),
});
export const message = z.discriminatedUnion('kind', [step, verdict]);

export type StepMessage = z.infer<typeof step>;
export type VerdictMessage = z.infer<typeof verdict>;
export type Message = z.infer<typeof message>;
