import { rowOf, matchChecks, suggestCheck } from './catalogue/index.ts';
import type { Problem } from './errors.ts';
import { FAULTS, STORES } from './schema.ts';
import type { EnvironmentFile } from './schema.ts';
import { closest } from './suggest.ts';
import { renderPath } from './yaml-source.ts';
import type { DataPath, YamlSource } from './yaml-source.ts';

interface Finding {
  path: DataPath;
  at?: 'key' | 'value';
  message: string;
  found: string;
  allowed?: string;
}

function unmatchedGlobs(globs: readonly string[], path: DataPath): Finding[] {
  const { unmatched } = matchChecks(globs);
  return globs.flatMap((glob, index): Finding[] => {
    if (!unmatched.includes(glob)) return [];
    const meant = suggestCheck(glob);
    return [
      {
        path: [...path, index],
        message: 'no check matches',
        found: `"${glob}"${meant === null ? '' : ` (did you mean "${meant}"?)`}`,
        allowed: 'a check id or a glob over ids; `plumbline list` shows all',
      },
    ];
  });
}

function profileFindings(file: EnvironmentFile): Finding[] {
  return Object.entries(file.profiles).flatMap(([name, profile]) => [
    ...unmatchedGlobs(profile.checks, ['profiles', name, 'checks']),
    ...unmatchedGlobs(profile.required, ['profiles', name, 'required']),
  ]);
}

function permitFindings(file: EnvironmentFile): Finding[] {
  const globs = file.permits.flatMap((permit, index) =>
    unmatchedGlobs(permit.checks, ['permits', index, 'checks']),
  );
  if (file.kind !== 'production' || file.permits.length === 0) return globs;
  const message = 'production permits nothing in its file; a drill there is permitted in the cluster itself';
  return [
    ...globs,
    { path: ['permits'], message, found: `${String(file.permits.length)} permits`, allowed: '[]' },
  ];
}

function goalFindings(file: EnvironmentFile): Finding[] {
  return Object.entries(file.goals).flatMap(([glob, goal]): Finding[] => {
    const { ids } = matchChecks([glob]);
    if (ids.length === 0) {
      return [{ path: ['goals', glob], at: 'key', message: 'no check matches', found: `"${glob}"` }];
    }
    const known = Object.assign({}, ...ids.map((id) => rowOf(id)?.goals)) as Record<string, unknown>;
    return Object.entries(goal.values).flatMap(([name, value]) =>
      goalValue(['goals', glob, 'values', name], value, known),
    );
  });
}

function goalValue(path: DataPath, value: unknown, known: Record<string, unknown>): Finding[] {
  const name = String(path.at(-1));
  const names = Object.keys(known);
  if (!names.includes(name)) {
    const meant = closest(name, names);
    const found = `"${name}"${meant === null ? '' : ` (did you mean "${meant}"?)`}`;
    return [
      { path, at: 'key', message: 'the check has no such goal', found, allowed: names.join(', ') || 'none' },
    ];
  }
  if (typeof value === typeof known[name]) return [];
  const allowed = `a ${typeof known[name]}, such as ${JSON.stringify(known[name])}`;
  return [{ path, message: 'a goal of the wrong type', found: JSON.stringify(value), allowed }];
}

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
    const faults = FAULTS.filter((fault) => store.goals[fault] !== undefined);
    return [
      ...(declared || 'compose' in file.cluster ? [] : [undeclaredSet(name, `${namespace}/${set}`)]),
      ...faults
        .filter((fault) => rowOf(`failover/${name}/${fault}`)?.goals.rtoSeconds === undefined)
        .map((fault): Finding => ({
          path: ['stores', name, 'goals', fault],
          at: 'key',
          message: `${name} has no goal for this fault`,
          found: fault,
        })),
    ];
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
  const found: Finding[] = [];
  const shape =
    'embedded' in file.cluster ? 'embedded' : 'compose' in file.cluster ? 'compose' : 'kubeconfig';
  const allowed = { local: 'embedded', development: 'compose' }[file.kind as string] ?? 'kubeconfig';
  if (shape !== allowed) {
    found.push({
      path: ['cluster'],
      message: `a ${file.kind} environment has no such cluster`,
      found: shape,
      allowed,
    });
  }
  if ('embedded' in file.cluster && file.cluster.embedded !== file.name) {
    const message = 'an instance is named like its environment';
    found.push({ path: ['cluster', 'embedded'], message, found: file.cluster.embedded, allowed: file.name });
  }
  if (file.sizes !== undefined && shape !== 'embedded') {
    found.push({
      path: ['sizes'],
      at: 'key',
      message: 'only an embedded environment has sizes',
      found: 'sizes',
    });
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
    ...workloads.flatMap((load, index) => [
      ...range(load.replicas, ['topology', 'workloads', index, 'replicas']),
      ...load.exempt.flatMap((exempt, number) =>
        unmatchedGlobs(exempt.checks, ['topology', 'workloads', index, 'exempt', number, 'checks']),
      ),
    ]),
  ];
}

function gpuFindings({ gpu, topology }: EnvironmentFile): Finding[] {
  const pools = topology.pools.map(({ name }) => name);
  if (gpu === undefined || pools.includes(gpu.pool)) return [];
  const message = 'topology.pools has no such pool';
  return [{ path: ['gpu', 'pool'], message, found: gpu.pool, allowed: pools.join(', ') || 'none' }];
}

/** A load goes where the edge is, by its address and its authority; a draft from elsewhere would be asked of a stranger. */
function aiFindings({ ai, topology: { edge } }: EnvironmentFile): Finding[] {
  if (ai === undefined || edge === undefined) return [];
  const [asked, through] = [new URL(ai.url).origin, new URL(edge.url).origin];
  if (asked === through) return [];
  return [{ path: ['ai', 'url'], message: 'not an address of the edge', found: asked, allowed: through }];
}

/** What the schema cannot see: names in one part of the file that must exist in another, or in the catalogue. */
export function referenceProblems(data: EnvironmentFile, file: string, source: YamlSource): Problem[] {
  const findings = [
    ...clusterFindings(data),
    ...topologyFindings(data),
    ...storeFindings(data),
    ...gpuFindings(data),
    ...aiFindings(data),
    ...goalFindings(data),
    ...permitFindings(data),
    ...profileFindings(data),
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
