import type { Application, Edge, RequestName } from '../../env/schema.ts';
import type { ApplicationTarget } from '../../probes/application/asking.ts';
import { edgeEndpoint } from '../../probes/edge/endpoint.ts';
import { trusted } from '../../probes/edge/edge-request.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import type { Access } from './application-access.ts';
import { RequestError, undeclared } from '../../suites/harness/request-error.ts';

/** The address that clients of the application use, and how they get there from where Plumbline runs. */
export interface EdgeTarget extends ApplicationTarget {
  edge: Edge;
  requests: Application['requests'];
  access: Access;
  /** PEM of the authorities that a client trusts; the system's when left out. */
  ca?: string;
}

/**
 * @throws RequestError when the environment declares no application behind an edge, the edge's authority or a secret cannot be read, or
 * the token endpoint gives no token
 */
export async function edgeTarget({
  runState,
  application: opening,
}: Pick<RunnerCore, 'runState' | 'application'>): Promise<EdgeTarget> {
  const { application, topology } = runState.environment;
  const { edge } = topology;
  if (edge === undefined) throw undeclared('topology.edge');
  if (application === undefined) throw undeclared('application');
  const trust = await trusted(edge.trust);
  if ('unavailable' in trust) throw new RequestError(trust.unavailable, 'unavailable');
  const access = await opening.open();
  const url = new URL(edge.url);
  const { follow, proof, requests, canaries } = application;
  return {
    edge,
    url,
    requests,
    contract: { follow, proof },
    prefix: canaries.prefix,
    access,
    identity: access.identity,
    endpoint: edgeEndpoint(url, edge.address, { ca: trust.pem, client: access.client }),
    ...(trust.pem !== undefined && { ca: trust.pem }),
  };
}

/** The backend behind it. @throws RequestError when none is declared */
export function backendOf({ edge }: EdgeTarget): NonNullable<Edge['backend']> {
  if (edge.backend === undefined) throw undeclared('topology.edge.backend');
  return edge.backend;
}

/** A request of the contract. @throws RequestError when it is not declared */
export function requestOf<Name extends RequestName>(
  { requests }: EdgeTarget,
  name: Name,
): NonNullable<Application['requests'][Name]> {
  const request = requests[name];
  if (request === undefined) throw undeclared(`application.requests.${name}`);
  return request;
}
