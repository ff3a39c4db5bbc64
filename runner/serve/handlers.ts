import type { ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { CheckContext } from '../../suites/harness/context.ts';
import { METHODS } from '../../suites/harness/methods.ts';
import type { Method, Params, Result } from '../../suites/harness/protocol.ts';
import { RequestError } from '../../suites/harness/request-error.ts';

/** Who asks, and until when the answer is wanted. */
export interface Call {
  check: string;
  /** Aborted when the check has ended, its time is up, or the run is interrupted. */
  signal: AbortSignal;
}

type Handler<M extends Method> = (params: Params<M>, call: Call) => Promise<Result<M>>;
/** What the runner does for checks: one function a method; `methods/` has one file a group of methods. */
export type Handlers = { [M in Method]: Handler<M> };

/**
 * The methods as a check calls them. Once the signal is aborted none does anything. In a read-only run those that act on the environment are refused,
 * also where they act past the API server, on a store or through the edge. Every error is a RequestError, so that a check can branch on its reason.
 */
export function callerOf(
  handlers: Handlers,
  call: Call,
  readOnly?: ReadOnlyGuard,
): CheckContext['runner']['call'] {
  return async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
    const handler: Handler<M> = handlers[method];
    try {
      call.signal.throwIfAborted();
      if (METHODS[method]?.acts !== undefined) readOnly?.refuse(`${method}, called by ${call.check}`);
      return await handler(params, call);
    } catch (error) {
      throw error instanceof RequestError
        ? error
        : new RequestError(errorText(error), reasonOf(error), { cause: error });
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string') return error.reason;
  return 'crash';
}
