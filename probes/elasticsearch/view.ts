/** The cluster's state as one node knows it: who is master, which nodes there are, and where an index has its copies. */
import { addressText } from '../../host/http.ts';
import { askFailureOf } from '../asking.ts';
import { ask, CANARY_INDEX } from './api.ts';
import type { Place } from './api.ts';
import { DIALECTS } from './product.ts';
import type { Bounds } from '../store/store-driver.ts';

export interface Copy {
  /** Id and name of the node; null while it is not assigned. */
  nodeId: string | null;
  node: string | null;
  primary: boolean;
  /** STARTED, INITIALIZING, RELOCATING or UNASSIGNED. */
  state: string;
}

export interface View {
  /** Name of the elected master; null: this node knows none, so that what it says of the rest may be old. */
  master: string | null;
  /** Names by node id. */
  nodes: Map<string, string>;
  /** Copies of the index's one shard; null: there is no such index. */
  copies: Copy[] | null;
  /** Counts the primaries that the shard has had. */
  primaryTerm: number | undefined;
}

/** What nodes may do, by their roles. */
interface Roles {
  /** Names of the nodes that may become master. */
  eligible: string[];
  /** Names of the nodes that may hold data. */
  data: string[];
}

export type RoledView = View & Roles;

interface RoledNode {
  name: string;
  roles?: string[];
}

interface State {
  master_node?: string | null;
  /** OpenSearch's name of it. */
  cluster_manager_node?: string | null;
  nodes?: Record<string, RoledNode>;
  metadata?: { indices?: Record<string, { primary_terms?: Record<string, number> }> };
  routing_table?: {
    indices?: Record<
      string,
      { shards: Record<string, { state: string; primary: boolean; node: string | null }[]> }
    >;
  };
}

const FIELDS = [
  'master_node',
  'cluster_manager_node',
  'nodes.*.name',
  'nodes.*.roles',
  'routing_table.indices.*.shards.*.state',
  'routing_table.indices.*.shards.*.primary',
  'routing_table.indices.*.shards.*.node',
  'metadata.indices.*.primary_terms',
].join(',');

/** What this node knows, without asking the master. @throws as `ask` */
export async function localView(place: Place, bounds: Bounds, index = CANARY_INDEX): Promise<View> {
  return viewOf(await localState(place, bounds, index), index);
}

/** As `localView`, with what the nodes may do. @throws as `ask` */
export async function roledView(place: Place, bounds: Bounds): Promise<RoledView> {
  const state = await localState(place, bounds, CANARY_INDEX);
  const nodes =
    place.product === 'opensearch' ? await listedNodes(place, bounds) : Object.values(state.nodes ?? {});
  return { ...viewOf(state, CANARY_INDEX), ...rolesOf(nodes) };
}

async function localState(place: Place, bounds: Bounds, index: string): Promise<State> {
  const { masterNode } = DIALECTS[place.product];
  const parts = `${masterNode},nodes,routing_table,metadata`;
  const path = `/_cluster/state/${parts}/${index}?filter_path=${FIELDS}${await ownState(place, bounds)}`;
  return ask<State>(place, { path }, bounds);
}

/** Has a node answer with the cluster's state as it knows it itself, and not ask the master for it. */
const LOCAL = '&local=true';
/** Since this version Elasticsearch always does so, and `local` is deprecated (release notes of 9.2.0). */
const ALWAYS_LOCAL = { major: 9, minor: 2 } as const;
/** What `ownState` found, by address: a node has one version for as long as it is asked. */
const found = new Map<string, string>();

/** What a question for the cluster's state ends with, so that the node asks nobody. @throws Error when the node is down */
export async function ownState(place: Place, bounds: Bounds): Promise<string> {
  if (place.product === 'opensearch') return LOCAL;
  const at = addressText(place);
  const known = found.get(at);
  if (known !== undefined) return known;
  const version = await versionOf(place, bounds);
  if (version === null) return '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOlder = major < ALWAYS_LOCAL.major || (major === ALWAYS_LOCAL.major && minor < ALWAYS_LOCAL.minor);
  const own = isOlder ? LOCAL : '';
  found.set(at, own);
  return own;
}

/** `9.5.3`; null where the account may not ask for it, or a proxy answers in place of the server. @throws Error when the node is down */
async function versionOf(place: Place, bounds: Bounds): Promise<string | null> {
  try {
    const said = await ask<{ version?: { number?: string } } | null>(place, { path: '/' }, bounds);
    return said?.version?.number ?? null;
  } catch (error) {
    if (askFailureOf(error).kind === 'down') throw error;
    return null;
  }
}

/** How long a node may take to say of itself what is not wanted here. */
const LIST_WAIT = '300ms';

/**
 * OpenSearch's state does not hold the roles of nodes, but this list takes them from there: a node that does not answer has its own as well.
 * `local` is called deprecated, since nodes are asked besides; without it a cluster manager that hangs keeps this one from answering.
 * @throws as `ask`
 */
async function listedNodes(place: Place, bounds: Bounds): Promise<RoledNode[]> {
  const path = `/_cat/nodes?format=json&h=name,node.roles&local=true&timeout=${LIST_WAIT}`;
  const listed = await ask<{ name: string; 'node.roles': string }[]>(place, { path }, bounds);
  return listed.map(({ name, 'node.roles': roles }) => ({ name, roles: roles.split(',') }));
}

/** `data` and each tier of it, such as `data_hot` (Elasticsearch's documentation, "Node roles"). */
export const HOLDS_DATA = /^data(?:_|$)/;

/** Elasticsearch's name of the role that OpenSearch calls `cluster_manager`; its versions before 2 know the old one alone, 2 takes either. */
export const isEligible = (role: string): boolean => role === 'master' || role === 'cluster_manager';

export function rolesOf(nodes: readonly RoledNode[]): Roles {
  const having = (wanted: (role: string) => boolean): string[] =>
    nodes.flatMap(({ name, roles = [] }) => (roles.some(wanted) ? [name] : []));
  return { eligible: having(isEligible), data: having((role) => HOLDS_DATA.test(role)) };
}

/** @param state the answer of `_cluster/state`, filtered or not */
export function viewOf(state: State, index: string): View {
  const nodes = new Map(Object.entries(state.nodes ?? {}).map(([id, { name }]) => [id, name]));
  return {
    master: nodes.get(state.cluster_manager_node ?? state.master_node ?? '') ?? null,
    nodes,
    copies: copiesOf(state, index, nodes),
    primaryTerm: state.metadata?.indices?.[index]?.primary_terms?.['0'],
  };
}

function copiesOf(
  { routing_table: table }: State,
  index: string,
  names: ReadonlyMap<string, string>,
): Copy[] | null {
  const shard = table?.indices?.[index]?.shards['0'];
  if (shard === undefined) return null;
  return shard.map(({ node, primary, state }) => ({
    nodeId: node,
    node: names.get(node ?? '') ?? null,
    primary,
    state,
  }));
}

/** A copy that takes part: while a copy moves away, it still does. */
export function isActive({ state }: Copy): boolean {
  return state === 'STARTED' || state === 'RELOCATING';
}

/** The copy that takes the writes now. */
export function primaryOf({ copies }: View): Copy | null {
  return copies?.find((copy) => copy.primary && isActive(copy)) ?? null;
}
