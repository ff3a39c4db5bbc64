/** The cluster's state as one node knows it: who is master, which nodes there are, and where an index has its copies. */
import { ask, CANARY_INDEX } from './api.ts';
import type { Place } from './api.ts';
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
  /** Names of the nodes that may become master. */
  eligible: string[];
  /** Names of the nodes that may hold data, by their roles. */
  data: string[];
  /** Names by node id. */
  nodes: Map<string, string>;
  /** Copies of the index's one shard; null: there is no such index. */
  copies: Copy[] | null;
  /** Counts the primaries that the shard has had. */
  primaryTerm: number | undefined;
}

interface State {
  master_node?: string;
  nodes?: Record<string, { name: string; roles?: string[] }>;
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
  'nodes.*.name',
  'nodes.*.roles',
  'routing_table.indices.*.shards.*.state',
  'routing_table.indices.*.shards.*.primary',
  'routing_table.indices.*.shards.*.node',
  'metadata.indices.*.primary_terms',
].join(',');

/** What this node knows, without asking the master (Elasticsearch 9 always answers from the node itself). @throws as `ask` */
export async function localView(place: Place, bounds: Bounds, index = CANARY_INDEX): Promise<View> {
  const parts = 'master_node,nodes,routing_table,metadata';
  const path = `/_cluster/state/${parts}/${index}?filter_path=${FIELDS}`;
  return viewOf(await ask<State>(place, { path }, bounds), index);
}

/** `data` and each tier of it, such as `data_hot` (Elasticsearch's documentation, "Node roles"). */
export const HOLDS_DATA = /^data(?:_|$)/;

/** @param state the answer of `_cluster/state`, filtered or not */
export function viewOf(state: State, index: string): View {
  const nodes = new Map(Object.entries(state.nodes ?? {}).map(([id, { name }]) => [id, name]));
  const namesOf = (wanted: (role: string) => boolean): string[] =>
    Object.values(state.nodes ?? {}).flatMap(({ name, roles = [] }) => (roles.some(wanted) ? [name] : []));
  return {
    master: nodes.get(state.master_node ?? '') ?? null,
    eligible: namesOf((role) => role === 'master'),
    data: namesOf((role) => HOLDS_DATA.test(role)),
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
