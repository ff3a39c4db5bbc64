/** Requirements that several checks share. */
import type { Environment, RequestName } from '../../env/schema.ts';
import { SAFE } from '../../probes/application/declaration.ts';
import type { CatalogueRow, Requirement } from './types.ts';

/** The contract of the application behind the edge, of which requests are built. */
export const application: Requirement = {
  what: 'application',
  declares: ({ application: declared }) => declared !== undefined,
};

/** A request of that contract, and what it must say. */
export function request(name: RequestName, ...says: readonly ('id' | 'state')[]): readonly Requirement[] {
  const path = `application.requests.${name}`;
  const of = ({ application: declared }: Environment) => declared?.requests[name];
  return [
    { what: path, declares: (environment) => of(environment) !== undefined },
    ...says.map((key) => ({
      what: `${path}.${key}`,
      declares: (environment: Environment) => hasKey(of(environment), key),
    })),
  ];
}

function hasKey(declared: object | undefined, key: string): boolean {
  return declared !== undefined && (declared as Record<string, unknown>)[key] !== undefined;
}

/**
 * Whether a check creates something through the edge, which stays there unless it is removed.
 * @param draft the request for a draft as it is declared: only a safe one leaves nothing
 */
export function createsThroughEdge(
  row: Pick<CatalogueRow, 'requires' | 'touches'>,
  draft?: { method: string },
): boolean {
  const sends = row.touches.runner?.includes('telemetry.start') === true;
  const asked = requirementsOf(row).map(({ what }) => what);
  const asks = (name: RequestName): boolean => request(name).some(({ what }) => asked.includes(what));
  const drafts = draft !== undefined && !SAFE.some((method) => method === draft.method) && asks('draft');
  return asks('create') || drafts || (sends && asked.includes(application.what));
}

/** A backend behind the edge, to which checks send requests. */
export const backend: readonly Requirement[] = [
  { what: 'topology.edge.backend', declares: ({ topology }) => topology.edge?.backend !== undefined },
  application,
];

export const prometheus: Requirement = {
  what: 'prometheus',
  declares: ({ prometheus: declared }) => declared !== undefined,
};

export const objectives: Requirement = {
  what: 'objectives',
  declares: ({ objectives: declared }) => declared.length > 0,
};

const aiBehindEdge: readonly Requirement[] = [
  { what: 'ai', declares: ({ ai }) => ai !== undefined },
  ...backend,
];

/** An AI service that is asked for drafts through the edge. */
export const drafts: readonly Requirement[] = [...aiBehindEdge, ...request('draft', 'state')];

/** An AI service of which each created thing is a job that can be followed to its end. */
export const jobs: readonly Requirement[] = [
  ...aiBehindEdge,
  ...request('create', 'id'),
  ...request('read', 'state'),
];

/** Everything that a row requires, as a list. */
export function requirementsOf({ requires = [] }: Pick<CatalogueRow, 'requires'>): readonly Requirement[] {
  return 'what' in requires ? [requires] : requires;
}
