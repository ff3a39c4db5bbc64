import { closest } from '../../env/suggest.ts';
import type { Environment, Workload } from '../../env/schema.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { ROLLOUT } from '../../probes/kubernetes/workloads.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import { WORKLOADS } from '../../suites/catalogue/touches.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** The declared workloads: whether each is there under its name, and which was meant where it is not. */
export const workloads: Kind = { name: 'workloads', look };

const WHAT = 'topology.workloads';

async function look({ environment, running, reached }: Situation): Promise<Item[]> {
  const { workloads: declared } = environment.topology;
  if (declared.length === 0) return [];
  if (!running.some(({ row }) => isAbout(row.reads(environment))))
    return [notNeeded(WHAT, 'no planned check reads them')];
  if (reached === null) return [unknown(WHAT, NOT_REACHED)];
  const { named, unseen } = await namesIn(reached.cluster, declared);
  const lacking = declared.filter((one) => !named.has(nameOf(one)));
  if (lacking.length === 0) return [ok(WHAT, `all ${declared.length} are there`)];
  return lacking.map((one) => {
    const why = unseen.get(one.kind);
    if (why !== undefined) return unknown(nameOf(one), `${one.kind}s could not be listed: ${why}`);
    return lackingItem(one, { declared, there: [...named.values()] });
  });
}

type Read = Partial<Pick<Environment, 'topology'> & { workloads: unknown }>;

const isAbout = ({ topology, workloads: own }: Read): boolean => topology !== undefined || own !== undefined;

type Named = Pick<Workload, 'namespace' | 'name'> & { kind: string };

interface Seen {
  named: Map<string, Named>;
  /** Why a kind could not be listed. */
  unseen: Map<string, string>;
}

/** Everything of the kinds that can be declared; Rollouts only where one is, since most clusters have none. */
async function namesIn(cluster: Pick<KubeCluster, 'list'>, declared: readonly Workload[]): Promise<Seen> {
  const kinds = declared.some(({ kind }) => kind === 'Rollout') ? [...WORKLOADS, ROLLOUT] : WORKLOADS;
  const lists = await Promise.all(kinds.map((kind) => cluster.list({ kind })));
  const named = lists.flatMap(({ items }) =>
    items.map(({ kind, metadata: { namespace = '', name } }): Named => ({ kind, namespace, name })),
  );
  const unseen = kinds.flatMap((kind, index) => {
    const why = lists[index]?.unavailable;
    // Of a kind that is not installed there is none.
    if (why === undefined || why.startsWith('notFound')) return [];
    return [[kind.slice(kind.lastIndexOf('/') + 1), why] as const];
  });
  return { named: new Map(named.map((one) => [nameOf(one), one])), unseen: new Map(unseen) };
}

interface Others {
  declared: readonly Workload[];
  there: readonly Named[];
}

function lackingItem(one: Workload, { declared, there }: Others): Item {
  const others = there.filter(({ namespace }) => namespace === one.namespace);
  const taken = new Set(declared.map(nameOf));
  const free = others.filter((other) => !taken.has(nameOf(other)));
  const elsewhere = there.filter(({ kind, name }) => kind === one.kind && name === one.name);
  const detail =
    others.length === 0
      ? `namespace ${one.namespace} has no workload at all`
      : `not there; namespace ${one.namespace} has ${someOf(others.map(({ kind, name }) => `${kind} ${name}`))}`;
  const key = `${WHAT}[${declared.indexOf(one)}]`;
  return missing(nameOf(one), detail, `${key} as the cluster has it${meant(one, [...free, ...elsewhere])}`);
}

/** What may be meant: the same name of another kind or in another namespace, or else a name much like it. */
function meant(one: Named, candidates: readonly Named[]): string {
  const same = candidates.find(({ name }) => name === one.name);
  const word = closest(
    one.name,
    candidates.map(({ name }) => name),
  );
  const found = same ?? candidates.find(({ name }) => name === word);
  return found === undefined ? '' : `; ${nameOf(found)} is there: was it meant?`;
}
