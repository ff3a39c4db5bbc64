/** An environment file as far as the stores go. */
export interface DeclaresStores {
  topology: { workloads: { store?: string; part?: string }[]; [key: string]: unknown };
  stores: Record<string, unknown>;
  [key: string]: unknown;
}

/**
 * The environment with the stores that were provisioned and no others, which is what the file of a cluster of somebody else's says: only
 * of an embedded environment is a declared store that was not provisioned left out by itself.
 */
export function declaringOnly<T extends DeclaresStores>(environment: T, stores: readonly string[]): T {
  const { topology } = environment;
  const provisioned = (store: string | undefined): boolean => store === undefined || stores.includes(store);
  const workloads = topology.workloads
    .filter(({ store, part }) => provisioned(store) && provisioned(part))
    .map(({ part: _part, ...workload }) => workload);
  return {
    ...environment,
    topology: { ...topology, workloads },
    stores: Object.fromEntries(Object.entries(environment.stores).filter(([name]) => provisioned(name))),
  };
}
