import { traitsOf } from '../../../env/providers/declared.ts';
import type { DeclaredStore, Environment } from '../../../env/schema.ts';
import { clusterName } from '../../../probes/kubernetes/cluster-name.ts';
import { memberNamespace } from '../../../reports/record/facts/store-pods.ts';
import type { CatalogueRow } from '../types.ts';

export interface Address {
  host: string;
  port: number;
}

/**
 * Why this check is not run from outside of the cluster's network: it measures what clients of a store see, and they would be forwarded. null: it
 * measures nothing of clients, or they are not. An address alone does not tell whether it is inside: of that the cluster is asked when the
 * load begins.
 */
export function clientsForwarded(environment: Environment, { injects }: CatalogueRow): string | null {
  const store = injects?.store;
  const declared = store === undefined ? undefined : environment.stores[store];
  if (store === undefined || declared === undefined || traitsOf(environment).reach !== 'port-forward')
    return null;
  const own = memberNamespace(declared);
  const namespaces = [...(own === null ? [] : [own]), ...namespacesOfStores(environment)];
  const inside = clientAddresses(declared).find(({ host }) => clusterName(host, namespaces) !== null);
  return inside === undefined ? null : forwardedClients(store, inside);
}

export function forwardedClients(store: string, { host, port }: Address): string {
  return `clients of ${store} are at ${host}:${port}, inside the cluster: port-forward leads to one pod past the Service, so that another outage than theirs would be measured. Run it in the cluster (deploy/cronjob.yaml), or declare an address that is reached from here`;
}

/** Where clients of a store begin: its address, further paths, and those that they ask for the leader. */
export function clientAddresses(declared: DeclaredStore): Address[] {
  const paths = 'paths' in declared ? Object.values(declared.paths ?? {}).flat() : [];
  const sentinels = 'sentinel' in declared ? (declared.sentinel?.addresses ?? []) : [];
  return [declared.primary, ...paths, ...sentinels];
}

/** Namespaces that an environment file names: in these a name without `svc` is taken for one of the cluster. */
export function namespacesOfStores({
  namespaces,
  stores,
}: Pick<Environment, 'namespaces' | 'stores'>): string[] {
  const ofStores = Object.values(stores).flatMap((one) => memberNamespace(one) ?? []);
  return [...new Set([...ofStores, namespaces.platform, namespaces.edge])];
}
