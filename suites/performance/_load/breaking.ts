import { rollOutBackend } from '../../_breaking/backend.ts';
import type { ControlContext } from '../../harness/control.ts';

/** One answer in this many fails, but never the first: the load sends one request before it begins. */
export const FAIL_EVERY = 10;

export function failing(ctx: ControlContext): Promise<void> {
  return rollOutBackend(
    ctx,
    `the backend that fails once in ${FAIL_EVERY} answers`,
    ({ env = [], ...rest }) => ({
      ...rest,
      env: [...env, { name: 'ANSWER_FAIL_EVERY', value: String(FAIL_EVERY) }],
    }),
  );
}
