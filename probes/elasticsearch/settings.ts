import { GOVERNING, OPENSEARCH_GOVERNING } from './declaration.ts';
import { anyMember, ask, CANARY_INDEX, memberPlace, VECTOR_INDEX } from './api.ts';
import { declaredOf } from './declared.ts';
import { HOLDS_DATA, isEligible } from './view.ts';
import { factsOf } from '../store/members.ts';
import { millisOf } from '../store/recorded.ts';
import type {
  Bounds,
  ExpectedWindow,
  GoverningSetting,
  ServerFacts,
  StoreTarget,
} from '../store/store-driver.ts';

const CLUSTER = {
  elasticsearch: Object.keys(GOVERNING.cluster),
  opensearch: Object.keys(OPENSEARCH_GOVERNING),
};
const INDEX = Object.keys(GOVERNING.index);
const OWN_INDICES: readonly string[] = [CANARY_INDEX, VECTOR_INDEX];

type Flat = Record<string, string | string[] | undefined>;

/** The cluster's settings, then those of every index of the platform; those of the canary are the harness' own. @throws Error when no member answers */
export async function governingSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const members = await target.members();
  const question = async <T>(path: string): Promise<T> =>
    anyMember(members, (member) => ask<T>(memberPlace(target, member), { path }, bounds));
  const cluster = await question<Record<'persistent' | 'transient' | 'defaults', Flat>>(
    '/_cluster/settings?include_defaults=true&flat_settings=true',
  );
  const fields = ['settings', 'defaults'].flatMap((part) =>
    INDEX.map((name) => `*.${part}.${name.replaceAll('.', '\\.')}`),
  );
  const indices = await question<Record<string, { settings?: Flat; defaults?: Flat }>>(
    `/_settings?include_defaults=true&flat_settings=true&filter_path=${encodeURIComponent(fields.join(','))}`,
  );
  const names = CLUSTER[declaredOf(target.connection).product];
  return [...clusterSettings(cluster, names), ...indexSettings(indices)];
}

interface FileSystems {
  nodes?: Record<string, { roles?: string[]; fs?: { data?: { path?: string }[] } }>;
}

/** The folders in which every member has its shards or the cluster's state now. Settings of indices are the cluster's. */
export function serverFacts(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]> {
  const path = '/_nodes/_local/stats/fs?filter_path=nodes.*.roles,nodes.*.fs.data.path';
  return factsOf(target, async (member) => {
    const { nodes = {} } = await ask<FileSystems>(memberPlace(target, member), { path }, bounds);
    const keepsNone = noData(
      Object.values(nodes).flatMap(({ roles }) => (roles === undefined ? [] : [roles])),
    );
    if (keepsNone !== null) return { settings: [], dataFolders: [], keepsNone };
    const folders = Object.values(nodes).flatMap(({ fs }) => fs?.data ?? []);
    return { settings: [], dataFolders: folders.flatMap((one) => one.path ?? []) };
  });
}

/**
 * What a node says that neither holds shards nor, as a dedicated master, the state of the cluster: only such a node loses nothing with its
 * folder. Null for any other, and for one that does not name its roles.
 */
function noData(said: readonly (readonly string[])[]): string | null {
  const keeps = (role: string): boolean => isEligible(role) || HOLDS_DATA.test(role);
  if (said.length === 0 || said.some((roles) => roles.some(keeps))) return null;
  return `its roles are ${said.flat().join(', ') || 'none: it coordinates alone'}`;
}

function clusterSettings(
  found: Record<'persistent' | 'transient' | 'defaults', Flat>,
  names: readonly string[],
): GoverningSetting[] {
  return names.flatMap((name) => {
    for (const part of ['transient', 'persistent', 'defaults'] as const) {
      const value = found[part][name];
      if (value !== undefined) return [{ name, value: text(value), source: `_cluster/settings, ${part}` }];
    }
    return [];
  });
}

function indexSettings(found: Record<string, { settings?: Flat; defaults?: Flat }>): GoverningSetting[] {
  const platforms = Object.entries(found).filter(([index]) => !OWN_INDICES.includes(index));
  return platforms.flatMap(([index, { settings = {}, defaults = {} }]) =>
    INDEX.flatMap((name) => {
      const value = settings[name] ?? defaults[name];
      const source = `index ${index}${settings[name] === undefined ? ', default' : ''}`;
      return value === undefined ? [] : [{ name, value: text(value), source }];
    }),
  );
}

/** Words are written in capitals where they are defaults. */
function text(value: string | string[]): string {
  return (Array.isArray(value) ? value.join(',') : value).toLowerCase();
}

/** A reset connection tells at once that a node is gone; then an election and the new state on every node. */
const ELECTION_MS = 3_000;
/** kubelet sees a dead container within its relist of 1 s; until then a Service still leads new connections to it. */
const ENDPOINT_MS = 2_000;
/** A shard's own change of primary: one cluster state, agreed on and applied. */
const PROMOTION_MS = 1_000;

/** When clients should be served again. Null where the settings that it follows from are not known. */
export function expectedWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  if (fault === 'pod-crash' || fault === 'pod-delete') {
    return {
      loMs: 0,
      hiMs: ELECTION_MS + PROMOTION_MS + ENDPOINT_MS,
      derivation:
        `the dead node's connections are reset, so no time-out has to expire: a new master within ${ELECTION_MS} ms where the dead node was master, ` +
        `promotion of a copy ${PROMOTION_MS} ms, and the Service drops the endpoint within ${ENDPOINT_MS} ms; earliest: at once`,
    };
  }
  if (fault === 'switchover') {
    return {
      loMs: 0,
      hiMs: ELECTION_MS + PROMOTION_MS,
      derivation: `one new cluster state (${PROMOTION_MS} ms), or an election (${ELECTION_MS} ms)`,
    };
  }
  if (fault === 'hang' || fault === 'node-loss' || fault === 'partition') return silentWindow(governing);
  return null;
}

/** One of the two kinds of checks between members, with its settings. */
interface Checks {
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  /** From the first unanswered check until the node is removed. */
  lastMs: number;
}

function checksOf(kind: 'follower' | 'leader', governing: readonly GoverningSetting[]): Checks | null {
  const family = `cluster.fault_detection.${kind}_check`;
  const of = (name: string): string =>
    governing.find((setting) => setting.name === `${family}.${name}`)?.value ?? '';
  const [intervalMs, timeoutMs] = [millisOf(of('interval')), millisOf(of('timeout'))];
  const retries = Number.parseInt(of('retry_count'), 10);
  if (intervalMs === null || timeoutMs === null || !Number.isFinite(retries)) return null;
  return { intervalMs, timeoutMs, retries, lastMs: retries * timeoutMs + (retries - 1) * intervalMs };
}

/**
 * A silent node is removed after the configured number of checks, each with its own time-out. The master checks the other nodes (follower
 * checks), and they check the master (leader checks). If the primary's node was also the master, both run one after the other: the new
 * master's first cluster state still contains the silent node. Its publication waits until that master's checks have removed the node or
 * it times out. Both were measured: the later counts.
 */
function silentWindow(governing: readonly GoverningSetting[]): ExpectedWindow | null {
  const [follower, leader] = [checksOf('follower', governing), checksOf('leader', governing)];
  const publish = governing.find(({ name }) => name === 'cluster.publish.timeout')?.value ?? '';
  if (follower === null || leader === null) return null;
  const deposedMs = leader.intervalMs + leader.lastMs;
  const removedMs = Math.max(follower.intervalMs + follower.lastMs, millisOf(publish) ?? 0);
  return {
    loMs: follower.lastMs,
    hiMs: deposedMs + ELECTION_MS + removedMs + PROMOTION_MS + follower.timeoutMs,
    derivation:
      `earliest, where another node is master: ${nobodyThere('follower', follower)} (${follower.lastMs} ms); latest, where the lost ` +
      `node was master too: ${nobodyThere('leader', leader)}, begun just after a successful one (${deposedMs} ms), ` +
      `a new master is elected (${ELECTION_MS} ms), its follower checks remove the node and its first cluster state times out (cluster.publish.timeout), whichever is later (${removedMs} ms), ` +
      `a copy is promoted (${PROMOTION_MS} ms), and operations in flight time out (${follower.timeoutMs} ms)`,
  };
}

function nobodyThere(kind: string, { intervalMs, timeoutMs, retries }: Checks): string {
  return `${retries} ${kind} checks of ${timeoutMs} ms each, ${intervalMs} ms apart, get no answer`;
}
