import type { Edge } from '../../env/schema.ts';
import { throughTheEdge, trusted } from '../../probes/edge/edge-request.ts';
import type { ControlContext } from '../harness/control.ts';

export const REQUEST_MS = 5000;

export function edgeOf(ctx: ControlContext): Edge {
  const { edge } = ctx.environment.topology;
  if (edge === undefined) throw new Error('the environment declares no edge');
  return edge;
}

/** Sends `count` requests one after the other. @returns their statuses; 0 for a request without an answer */
export async function manyThroughTheEdge(ctx: ControlContext, count: number): Promise<number[]> {
  const edge = edgeOf(ctx);
  const ca = await trusted(edge.trust);
  const asking = {
    correlationId: 'control',
    ca: 'pem' in ca ? ca.pem : undefined,
    timeoutMs: REQUEST_MS,
    signal: ctx.signal,
  };
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    const seen = await throughTheEdge(edge, asking).catch(() => null);
    statuses.push(seen?.status ?? 0);
  }
  return statuses;
}
