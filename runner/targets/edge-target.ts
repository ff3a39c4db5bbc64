import type { Edge, Environment } from '../../env/schema.ts';
import { edgeEndpoint } from '../../probes/edge/endpoint.ts';
import { trusted } from '../../probes/edge/edge-request.ts';
import { RequestError } from '../serve/session.ts';

/** The address that applications use, and how a client gets there from where Plumbline runs. */
export interface EdgeTarget {
  edge: Edge & { backend: NonNullable<Edge['backend']> };
  url: URL;
  host: string;
  port: number;
  /** PEM of the authorities that a client trusts; the system's when left out. */
  ca?: string;
}

/** @throws RequestError when the environment declares no backend behind an edge, or its authority cannot be read. */
export async function edgeTarget({ topology }: Environment): Promise<EdgeTarget> {
  const { edge } = topology;
  if (edge?.backend === undefined)
    throw new RequestError('the environment declares no topology.edge.backend', 'refused');
  const trust = await trusted(edge.trust);
  if ('unavailable' in trust) throw new RequestError(trust.unavailable, 'unavailable');
  const url = new URL(edge.url);
  const { host, port } = edgeEndpoint(url, edge.address, trust.pem);
  return {
    edge: { ...edge, backend: edge.backend },
    url,
    host,
    port,
    ...(trust.pem !== undefined && { ca: trust.pem }),
  };
}
