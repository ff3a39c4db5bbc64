import { withoutManager } from '../asking.ts';
import { firstAnswer } from '../store/members.ts';
import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import type {
  Bounds,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import {
  anyMember,
  leaderOf,
  patroniCluster,
  patroniMembers,
  patroniConfig,
  patroniStatus,
} from './patroni.ts';
import type { PatroniStatus } from './patroni.ts';
import { connectWithin, queryOnce } from './query.ts';
import { sqlState } from './errors.ts';
import { governingSettings, scalar } from './settings.ts';
import { errorText } from '../../reports/record/error-text.ts';

/**
 * Leader, members and live settings.
 * @throws Error when no member of Patroni or the server does not answer; a server that answers by itself has no Patroni that could be asked
 */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const members = await patroniMembers(target);
  const cluster = await anyMember(members, (member) => patroniCluster(member, bounds)).catch(
    async (error: unknown) => {
      const connection = { ...target.connection };
      throw await withoutManager(error, 'PostgreSQL answers, but Patroni does not', () =>
        firstAnswer('PostgreSQL', members, ({ address, port }) =>
          queryOnce({ ...connection, host: address, port: port ?? connection.port }, 'SELECT 1', bounds),
        ),
      );
    },
  );
  const leader = leaderOf(cluster);
  const replication = await replicationStates(
    members.find((member) => member.name === leader),
    bounds,
  );
  const timeline = cluster.members.find(({ name }) => name === leader)?.timeline;
  return {
    leader,
    ...(timeline !== undefined && { term: `timeline ${timeline}` }),
    members: cluster.members.map(({ name, role, state }) => ({
      name,
      role,
      state: replication.get(name) ?? state,
    })),
    governing: await governingSettings(target, bounds),
  };
}

/** What the leader says of each replica, such as `streaming`: Patroni before 3.1 calls a replica without a source `running` too. */
async function replicationStates(
  leader: StoreMember | undefined,
  bounds: Bounds,
): Promise<Map<string, string>> {
  if (leader === undefined) return new Map();
  const { replication } = await patroniStatus(leader, bounds);
  return new Map(
    replication.flatMap(({ application_name, state }) =>
      state === null ? [] : [[application_name, state] as const],
    ),
  );
}

/** One leader, every other member streaming from it, and a synchronous one where that is promised. Never throws. */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    const members = await patroniMembers(target);
    const cluster = await anyMember(members, (member) => patroniCluster(member, bounds));
    const leader = leaderOf(cluster);
    const holder = members.find((member) => member.name === leader);
    if (holder === undefined) {
      return { ok: false, leader, detail: `expected a leader, Patroni names ${leader ?? 'none'}` };
    }
    const [status, config] = await Promise.all([
      patroniStatus(holder, bounds),
      patroniConfig(holder, bounds),
    ]);
    const promised = scalar(config['synchronous_mode'] ?? false) !== 'false' && members.length > 1;
    const elected = cluster.members.filter(({ role }) => SYNCHRONOUS_ROLES.includes(role)).length;
    const expected = { replicas: members.length - 1, synchronous: promised ? 1 : 0 };
    return followed(holder.name, { ...status, elected }, expected);
  } catch (error) {
    return unsteadyBy(error);
  }
}

/** What Patroni calls a member that may take over from a synchronous leader. */
const SYNCHRONOUS_ROLES: readonly string[] = ['sync_standby', 'quorum_standby'];

/**
 * Is the leader one, and do as many follow it as should? A synchronous replica has to be known to Patroni as well (`elected`): the server
 * calls it so up to a loop_wait before Patroni has written it down, and until then nobody may take over.
 */
export function followed(
  leader: string,
  { role, state, replication, elected }: PatroniStatus & { elected: number },
  expected: { replicas: number; synchronous: number },
): Steadiness {
  const streaming = replication.filter((replica) => replica.state === 'streaming');
  const synchronous = streaming.filter(({ sync_state: kind }) => kind === 'sync' || kind === 'quorum');
  const synchronousNow = Math.min(synchronous.length, elected);
  const seen =
    `leader ${leader} (${role}, ${state}), ${streaming.length} of ${expected.replicas} replicas streaming, ` +
    `${synchronousNow} synchronous${elected < synchronous.length ? ' as Patroni has it' : ''}`;
  const leads = state === 'running' && ['master', 'primary'].includes(role);
  const ok = leads && streaming.length === expected.replicas && synchronousNow >= expected.synchronous;
  const wanted = `expected every replica streaming${expected.synchronous > 0 ? ' and one synchronous' : ''}`;
  return { ok, leader, detail: ok ? seen : `${wanted}, seen: ${seen}` };
}

export const waitSteady = waitSteadyBy(steady);

/** SQLSTATE of a write on a server in recovery. */
const READ_ONLY = '25006';

/**
 * Tries to make a table there, rolled back at once: a server that may only read refuses it before all else.
 * @throws Error when nothing answers: then it is not known whether it would refuse
 */
export async function refusesWrites(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const client = await connectWithin({ ...target.connection, ...at }, bounds);
  try {
    const rows = await client.query<{ replica: boolean; address: string }>(
      'SELECT pg_is_in_recovery() AS replica, host(inet_server_addr()) AS address',
    );
    const server = `${rows[0]?.address ?? '?'} (${rows[0]?.replica === true ? 'replica' : 'primary'})`;
    try {
      await client.query('BEGIN');
      await client.query('CREATE TABLE plumbline_must_be_refused (n int)');
      await client.query('ROLLBACK');
      return { refused: false, detail: `${server} took a write` };
    } catch (error) {
      const refused = sqlState(error) === READ_ONLY;
      return { refused, detail: `${server}: ${errorText(error)}` };
    }
  } finally {
    client.destroy();
  }
}
