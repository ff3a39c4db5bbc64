/** Requirements that several checks share. */
import type { Environment } from '../../env/schema.ts';
import type { CatalogueRow, Requirement } from './types.ts';

/** A backend behind the edge, to which checks send requests. */
export const hasBackend = ({ topology }: Environment): boolean => topology.edge?.backend !== undefined;

export const backend: Requirement = { what: 'topology.edge.backend', declares: hasBackend };

export const prometheus: Requirement = {
  what: 'prometheus',
  declares: ({ prometheus: declared }) => declared !== undefined,
};

export const objectives: Requirement = {
  what: 'objectives',
  declares: ({ objectives: declared }) => declared.length > 0,
};

export const aiBehindEdge: readonly Requirement[] = [
  { what: 'ai', declares: ({ ai }) => ai !== undefined },
  backend,
];

/** Everything that a row requires, as a list. */
export function requirementsOf({ requires = [] }: Pick<CatalogueRow, 'requires'>): readonly Requirement[] {
  return 'what' in requires ? [requires] : requires;
}
