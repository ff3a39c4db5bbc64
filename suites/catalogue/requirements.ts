/** Requirements that several checks share. */
import type { Environment } from '../../env/schema.ts';
import type { Requirement } from './types.ts';

/** A backend behind the edge, to which checks send requests. */
export const hasBackend = ({ topology }: Environment): boolean => topology.edge?.backend !== undefined;

export const backend: Requirement = { what: 'topology.edge.backend', declares: hasBackend };

export const aiBehindEdge: Requirement = {
  what: 'ai and topology.edge.backend',
  declares: (environment) => environment.ai !== undefined && hasBackend(environment),
};
