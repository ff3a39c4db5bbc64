import { throughTheEdge, trusted } from '../../probes/edge/edge-request.ts';
import type { EdgeAnswer } from '../../probes/edge/edge-request.ts';
import type { ControlContext } from '../harness/control.ts';

const REQUEST_MS = 5000;

/** One request that changes nothing; null: there was no answer. */
export async function lookThroughTheEdge(
  ctx: ControlContext,
  correlationId: string,
): Promise<EdgeAnswer | null> {
  const { application, topology } = ctx.environment;
  const { edge } = topology;
  if (edge === undefined || application === undefined)
    throw new Error('the environment declares no application behind an edge');
  const ca = await trusted(edge.trust);
  const how = {
    correlationId,
    ca: 'pem' in ca ? ca.pem : undefined,
    timeoutMs: REQUEST_MS,
    signal: ctx.signal,
  };
  return throughTheEdge({ edge, application }, how).catch(() => null);
}

/** Sends `count` requests one after the other. @returns their statuses; 0 for a request without an answer */
export async function manyThroughTheEdge(ctx: ControlContext, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent++)
    statuses.push((await lookThroughTheEdge(ctx, 'control'))?.status ?? 0);
  return statuses;
}
