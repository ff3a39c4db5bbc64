import type { Problem } from './errors.ts';
import type { Finding } from './finding.ts';
import { declarationOf, namesOf, traitsOf } from './providers/declared.ts';
import { STORES } from './schema.ts';
import type { EnvironmentFile } from './schema.ts';
import { renderPath } from './yaml-source.ts';
import type { DataPath, YamlSource } from './yaml-source.ts';

export type Look = (file: EnvironmentFile) => Finding[];

function storeFindings(file: EnvironmentFile): Finding[] {
  return STORES.flatMap((name): Finding[] => {
    const store = file.stores[name];
    if (store === undefined) return [];
    const { namespace, name: set } = store.statefulSet;
    const declared = file.topology.workloads.some(
      (load) =>
        load.kind === 'StatefulSet' &&
        load.namespace === namespace &&
        load.name === set &&
        load.store === name,
    );
    // A store that no check observes need not be described.
    const looked = traitsOf(file).notBuilt === undefined;
    return declared || !looked ? [] : [undeclaredSet(name, `${namespace}/${set}`)];
  });
}

function undeclaredSet(store: string, name: string): Finding {
  return {
    path: ['stores', store, 'statefulSet'],
    message: `topology.workloads declares no StatefulSet of this name with store: ${store}`,
    found: name,
  };
}

function clusterFindings(file: EnvironmentFile): Finding[] {
  const { cluster, kind, name, sizes } = file;
  const provider = declarationOf(cluster);
  const found = provider.findings?.(cluster, { name }) ?? [];
  if (!provider.environmentKinds.includes(kind)) {
    found.push({
      path: ['cluster'],
      message: `a ${kind} environment cannot have a cluster of this kind`,
      found: provider.name,
      allowed: namesOf(({ environmentKinds }) => environmentKinds.includes(kind)),
    });
  }
  if (sizes !== undefined && provider.resized === undefined) {
    const message = `only an ${namesOf((one) => one.resized !== undefined, ' or ')} environment has sizes`;
    found.push({ path: ['sizes'], at: 'key', message, found: 'sizes' });
  }
  return found;
}

function topologyFindings(file: EnvironmentFile): Finding[] {
  const { pools, workloads } = file.topology;
  const range = (count: { min: number; max: number }, path: DataPath): Finding[] =>
    count.min <= count.max
      ? []
      : [{ path, message: 'min is above max', found: `${String(count.min)} > ${String(count.max)}` }];
  return [
    ...pools.flatMap((pool, index) => range(pool.count, ['topology', 'pools', index, 'count'])),
    ...workloads.flatMap((load, index) => range(load.replicas, ['topology', 'workloads', index, 'replicas'])),
  ];
}

function gpuFindings({ gpu, topology }: EnvironmentFile): Finding[] {
  const pools = topology.pools.map(({ name }) => name);
  if (gpu === undefined || pools.includes(gpu.pool)) return [];
  const message = 'topology.pools has no such pool';
  return [{ path: ['gpu', 'pool'], message, found: gpu.pool, allowed: pools.join(', ') || 'none' }];
}

/** The AI service's edge must be the declared one, by address and authority: otherwise drafts would be requested from a stranger. */
function aiFindings({ ai, topology: { edge } }: EnvironmentFile): Finding[] {
  if (ai === undefined || edge === undefined) return [];
  const [asked, through] = [new URL(ai.url).origin, new URL(edge.url).origin];
  if (asked === through) return [];
  return [
    { path: ['ai', 'url'], message: 'not the address of topology.edge.url', found: asked, allowed: through },
  ];
}

/** A file of kind production may contain no permits. */
function permitFindings(file: EnvironmentFile): Finding[] {
  if (file.kind !== 'production' || file.permits.length === 0) return [];
  const message = 'a file of kind production must contain no permits';
  return [{ path: ['permits'], message, found: `${String(file.permits.length)} permits`, allowed: '[]' }];
}

/**
 * Checks that the schema cannot make: names in one part of the file must exist in another.
 * @param more further checks, of names that are unknown here, such as ids of checks
 */
export function referenceProblems(
  data: EnvironmentFile,
  { file, source, more = () => [] }: { file: string; source: YamlSource; more?: Look | undefined },
): Problem[] {
  const findings = [
    ...clusterFindings(data),
    ...topologyFindings(data),
    ...storeFindings(data),
    ...gpuFindings(data),
    ...aiFindings(data),
    ...permitFindings(data),
    ...more(data),
  ];
  return findings
    .map(({ path, at = 'value', message, found, allowed = null }): Problem => ({
      file,
      ...source.locate(path, at),
      path: renderPath(path),
      found,
      allowed,
      message,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
