import type { ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { ACTS } from '../../suites/harness/acting.ts';
import type { Call, Handlers } from './session.ts';

type Refusing = (params: unknown, call: Pick<Call, 'check'>) => Promise<never>;

/**
 * The methods that are served in a read-only run: those that act on the environment are refused, also where they act past the API server, on a
 * store or through the edge.
 */
export function readingOnly(handlers: Handlers, guard: ReadOnlyGuard): Handlers {
  const refusing =
    (method: string): Refusing =>
    (_params, { check = 'nobody' }) =>
      Promise.resolve().then(() => guard.refuse(`${method}, called by ${check}`));
  const refused = Object.keys(ACTS).map((method) => [method, refusing(method)] as const);
  return { ...handlers, ...Object.fromEntries(refused) };
}
