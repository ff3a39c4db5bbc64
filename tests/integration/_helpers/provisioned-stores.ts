import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLayers } from '../../../env/layers.ts';
import { CHECKOUT } from '../../../host/paths.ts';

/** An environment file as far as the stores go. */
interface DeclaresStores {
  topology: { workloads: { store?: string; part?: string }[]; [key: string]: unknown };
  stores: Record<string, unknown>;
  [key: string]: unknown;
}

type Sized = DeclaresStores & { sizes: { small: object } };

/** The file of an embedded environment with what it extends. */
export function allDeclared(name: string): Sized {
  const file = join(CHECKOUT, 'env', `${name}.yaml`);
  return readLayers(readFileSync(file, 'utf8'), file).source.value as Sized;
}

/** The same in its small size and without devices, which only the full size has. */
export function smallDeclared(name: string): DeclaresStores {
  const { gpu: _gpu, sizes, topology, ...rest } = allDeclared(name);
  const workloads = topology.workloads.filter(({ part }) => part !== 'gpu');
  return { ...rest, topology: { ...topology, ...sizes.small, workloads } };
}

/**
 * The environment with the stores that were provisioned and no others, which is what the file of a cluster of somebody else's says: only
 * of an embedded environment is a declared store that was not provisioned left out by itself.
 */
export function declaringOnly(environment: DeclaresStores, stores: readonly string[]): DeclaresStores {
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
