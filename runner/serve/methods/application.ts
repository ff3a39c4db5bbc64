import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { askApplication, valuesFor } from '../../../probes/application/asking.ts';
import { stateOf } from '../../../probes/application/contract.ts';
import { trusted, throughTheEdge } from '../../../probes/edge/edge-request.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { edgeTarget, requestOf } from '../../targets/edge-target.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { Call, Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<Handlers, 'application.look' | 'application.draft'>;

/** Single requests of the application: its credentials do not leave the runner. */
export function applicationMethods(runner: ServedRunner): Methods {
  return {
    'application.look': (params, call) => look(runner, params, call),
    'application.draft': (params, call) => draft(runner, params, call),
  };
}

async function look(
  { runState, application: opening }: ServedRunner,
  { correlationId }: Params<'application.look'>,
  { signal }: Call,
): Promise<Result<'application.look'>> {
  const { topology, application } = runState.environment;
  const { edge } = topology;
  if (edge === undefined || application === undefined)
    throw new RequestError('the environment declares no application behind an edge', 'refused');
  const ca = await trusted(edge.trust);
  if ('unavailable' in ca) return ca;
  const timeoutMs = timeoutMsOf(runState.environment, 'edgeRequest');
  try {
    const { identity, client } = await opening.open();
    const how = {
      correlationId,
      ca: ca.pem,
      timeoutMs,
      signal,
      identity,
      ...(client !== undefined && { client }),
    };
    return { answer: await throughTheEdge({ edge, application }, how) };
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof RequestError ? { unavailable: error.message } : { failed: errorText(error) };
  }
}

const NOTHING = { degraded: null, written: false };

async function draft(
  runner: ServedRunner,
  { correlationId, n, timeoutMs }: Params<'application.draft'>,
  { signal }: Call,
): Promise<Result<'application.draft'>> {
  const target = await edgeTarget(runner).catch((error: unknown) => {
    if (error instanceof RequestError && error.reason === 'unavailable') return error;
    throw error;
  });
  if (target instanceof RequestError) return { unavailable: target.message };
  const request = requestOf(target, 'draft');
  const values = valuesFor(target, { correlationId, n });
  const begunMs = performance.now();
  try {
    const bounds = { deadlineMs: timeoutMs, signal };
    const { reply, fate, ms } = await askApplication(target, { request, values }, bounds);
    const state = !fate.ok || request.state === undefined ? null : stateOf(request.state, reply);
    const of =
      state === 'done' || state === 'degraded'
        ? { degraded: state === 'degraded', written: true }
        : { degraded: null, written: fate.ok };
    return { status: reply.status, ...of, ms, error: fate.why };
  } catch (error) {
    signal.throwIfAborted();
    return { status: null, ...NOTHING, ms: performance.now() - begunMs, error: errorText(error) };
  }
}
