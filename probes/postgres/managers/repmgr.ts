/**
 * PostgreSQL under repmgr 5: roles as the servers tell them, and beside them what repmgr keeps in its schema: whom it knows, and whether the
 * repmgrd of each member runs and is not paused. repmgr.conf cannot be read by SQL, so that no time of a failover follows from it.
 */
import { z } from 'zod';
import { errorText } from '../../../reports/record/error-text.ts';
import { askFailureOf } from '../../asking.ts';
import { declaredMembers } from '../../store/members.ts';
import type {
  Bounds,
  Condition,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../../store/store-driver.ts';
import { connectionOf, connectOnce } from '../query.ts';
import { bySql } from './by-sql.ts';
import type { ManagerKind } from './manager.ts';

const RUNS = 'repmgrd';
/** Its default is `failover=manual`, and repmgr.conf cannot be read by SQL. */
const UNSEEN = 'failover= of repmgr.conf was not seen';
const REGISTERED = 'members that repmgr knows';

const section = z
  .strictObject({
    database: z.string().min(1).default('repmgr').describe('The database that has the schema repmgr'),
  })
  .describe(
    'repmgr 5, whose repmgrd runs beside each server, in the same process namespace. Roles are asked of the servers, as without a manager; its schema with the same account, which needs the rights of deploy/accounts/postgres-repmgr.sql. It cannot be asked to change the leader',
  );

/** These are of the server that answers: each keeps them in its own memory, which repmgrd fills; -1 until then. NULL: it has not loaded repmgr. */
const OWN = `SELECT nullif(repmgr.get_local_node_id(), -1) AS node, repmgr.repmgrd_is_running() AS running, repmgr.repmgrd_is_paused() AS paused`;
/** The same on every member: the table is replicated. */
const NODES = 'SELECT node_id AS id, type, active FROM repmgr.nodes ORDER BY node_id';

/** A row of repmgr.nodes; `type` is primary, standby or witness, and a witness is no member. */
export interface Node {
  id: number;
  type: string;
  active: boolean;
}

/** What one member's server knows of its repmgrd, and of all nodes. */
export interface Look {
  member: string;
  node: number | null;
  running: boolean | null;
  paused: boolean | null;
  nodes: readonly Node[];
}

/** A member that could not be asked. */
export interface Unseen {
  member: string;
  failed: string;
}

async function lookOf(target: StoreTarget, member: StoreMember, bounds: Bounds): Promise<Look | Unseen> {
  const { database } = section.parse(target.connection.declared?.['repmgr']);
  try {
    const client = await connectOnce({ ...connectionOf(target, member), database }, bounds);
    try {
      const [own] = await client.query<Pick<Look, 'node' | 'running' | 'paused'>>(OWN);
      const nodes = await client.query<Node & Record<string, unknown>>(NODES);
      return { node: null, running: null, paused: null, ...own, member: member.name, nodes };
    } finally {
      client.destroy();
    }
  } catch (error) {
    const missing = askFailureOf(error).cause === 'credentials';
    const advice = missing ? `; deploy/accounts/postgres-repmgr.sql gives the rights in ${database}` : '';
    return { member: member.name, failed: errorText(error) + advice };
  }
}

/** Does the repmgrd of each member run, and is it not paused? One that is paused only watches; whether the others promote, repmgr.conf alone says. */
export function runningOf(looks: readonly (Look | Unseen)[]): Condition {
  const unseen: string[] = [];
  const reasons = looks.flatMap((look): string[] => {
    if ('failed' in look) unseen.push(`${look.member} cannot be asked: ${look.failed}`);
    else if (look.paused === true) return [`repmgrd of ${look.member} is paused`];
    else if (look.running === false) return [`repmgrd of ${look.member} does not run`];
    else if (look.running === null || look.paused === null)
      unseen.push(`${look.member} does not know: repmgr is not in its shared_preload_libraries`);
    return [];
  });
  if (looks.length === 0) unseen.push('no member has an address');
  const expected = 'runs and is not paused';
  const of = { name: RUNS, expected };
  if (reasons.length > 0) return { ...of, ok: false, seen: reasons.join('; ') };
  if (unseen.length > 0) return { ...of, ok: null, seen: unseen.join('; ') };
  return { ...of, ok: true, seen: `${expected}; ${UNSEEN}` };
}

/** Does repmgr know as many members as there should be, each active, and whoever leads as the primary? */
export function registeredOf(
  looks: readonly (Look | Unseen)[],
  leader: string | null,
  declared: number,
): Condition {
  const expected = `${declared} active, of which the leader is the primary`;
  const seen = looks.filter((look): look is Look => !('failed' in look));
  const teller = seen.find(({ member }) => member === leader) ?? seen[0];
  if (teller === undefined)
    return { name: REGISTERED, ok: null, expected, seen: 'no member shows repmgr.nodes' };
  // Known once its repmgrd has run.
  const leads = teller.member === leader ? teller.node : null;
  const nodes = teller.nodes.filter(({ type }) => type !== 'witness');
  const active = nodes.filter((node) => node.active).length;
  const primaries = primariesOf(nodes);
  const right = primaries.length === 1 && (leads === null || primaries[0] === leads);
  return {
    name: REGISTERED,
    ok: right && active === declared && nodes.length === declared,
    expected,
    seen: `${nodesText(nodes)}; ${leader ?? 'nobody'} leads${leads === null ? '' : ` as node ${leads}`}`,
  };
}

function primariesOf(nodes: readonly Node[]): number[] {
  return nodes.filter(({ type, active }) => active && type === 'primary').map(({ id }) => id);
}

function nodesText(nodes: readonly Node[]): string {
  const inactive = nodes.filter(({ active }) => !active).map(({ id }) => `node ${id} inactive`);
  const primaries = primariesOf(nodes).map((id) => `node ${id}`);
  const named = primaries.length === 0 ? 'none' : primaries.join(' and ');
  return [`${nodes.length - inactive.length} active`, ...inactive, `primary: ${named}`].join(', ');
}

async function roles(target: StoreTarget, bounds: Bounds): Promise<Omit<StoreDescription, 'governing'>> {
  const members = await target.members();
  const [described, looks] = await Promise.all([
    bySql.roles(target, bounds),
    Promise.all(members.map((member) => lookOf(target, member, bounds))),
  ]);
  const declared = declaredMembers(target.connection) ?? members.length;
  return { ...described, conditions: [runningOf(looks), registeredOf(looks, described.leader, declared)] };
}

export const repmgr = {
  label: 'repmgr',
  section,
  metWith: 'repmgr 5.3',
  changesLeader: false,
  recorded: { governing: {}, conditions: [RUNS, REGISTERED] },
  manager: {
    ...bySql,
    roles,
    switchover: () =>
      Promise.reject(new Error('repmgr changes the leader by a command on a member, not by SQL')),
  },
} as const satisfies ManagerKind;
