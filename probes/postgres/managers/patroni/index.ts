/** PostgreSQL under Patroni: roles as its REST API tells them. */
import { z } from 'zod';
import { withoutManager } from '../../../asking.ts';
import { port } from '../../../declaring.ts';
import { firstAnswer } from '../../../store/members.ts';
import type {
  Bounds,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../../../store/store-driver.ts';
import { TAKES_OVER, takesOver } from '../manager.ts';
import type { ManagerKind } from '../manager.ts';
import { connectionOf, queryOnce } from '../../query.ts';
import { followingPatroni } from './observer.ts';
import { anyMember, leaderOf, patroniCluster, patroniConfig, patroniMembers, patroniStatus } from './rest.ts';
import type { PatroniCluster, PatroniStatus } from './rest.ts';
import { GOVERNING, patroniSettings, scalar } from './settings.ts';
import { switchover } from './switchover.ts';
import { expectedWindow } from './windows.ts';

/** @throws Error when no member of Patroni or the server does not answer; a server that answers by itself has no Patroni that could be asked */
async function roles(target: StoreTarget, bounds: Bounds): Promise<Omit<StoreDescription, 'governing'>> {
  const members = await patroniMembers(target);
  const cluster = await anyMember(members, (member) => patroniCluster(member, bounds)).catch(
    async (error: unknown) => {
      throw await withoutManager(error, 'PostgreSQL answers, but Patroni does not', () =>
        firstAnswer('PostgreSQL', members, (member) =>
          queryOnce(connectionOf(target, member), 'SELECT 1', bounds),
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
    conditions: [pauseOf(cluster)],
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

async function steadyByPatroni(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  const members = await patroniMembers(target);
  const cluster = await anyMember(members, (member) => patroniCluster(member, bounds));
  const leader = leaderOf(cluster);
  const holder = members.find((member) => member.name === leader);
  if (holder === undefined) {
    return { ok: false, leader, detail: `expected a leader, Patroni names ${leader ?? 'none'}` };
  }
  const [status, config] = await Promise.all([patroniStatus(holder, bounds), patroniConfig(holder, bounds)]);
  const promised = scalar(config['synchronous_mode'] ?? false) !== 'false' && members.length > 1;
  const elected = cluster.members.filter(({ role }) => SYNCHRONOUS_ROLES.includes(role)).length;
  const expected = { replicas: members.length - 1, synchronous: promised ? 1 : 0 };
  const names = cluster.members.map(({ name }) => name);
  const replication = replicasIn(status.replication, names);
  return followed(holder.name, { ...status, replication, elected }, expected);
}

/** Replicas among those that receive a leader's log, each once: a subscriber, a backup, or the copy that a member is made of are none. */
export function replicasIn<Receiver extends { application_name: string }>(
  receivers: readonly Receiver[],
  members: readonly string[],
): Receiver[] {
  return members.flatMap((name) => receivers.find((one) => one.application_name === name) ?? []);
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

/** In maintenance mode Patroni promotes nobody and starts no server again (documentation, "Pause/Resume mode for the cluster"). */
export function pauseOf({ pause }: Pick<PatroniCluster, 'pause'>): ReturnType<typeof takesOver> {
  return takesOver(pause !== true, [
    'Patroni is paused: it neither promotes a replica nor starts a server again',
  ]);
}

const section = z
  .strictObject({
    port,
    scope: z.string().min(1),
    tls: z.literal(true).optional().describe('Its REST API is asked by https, as `tls` of the store says'),
  })
  .describe(
    'REST port of Patroni in each pod, and the name of its cluster. Without a manager the servers themselves are asked who leads and who follows, for which the account needs the role pg_monitor; nobody can then be asked to change the leader',
  );

export const patroni = {
  label: 'Patroni',
  section,
  metWith: 'Patroni 3.0',
  http: true,
  changesLeader: true,
  recorded: { governing: GOVERNING, conditions: [TAKES_OVER] },
  expectedWindow,
  manager: {
    roles,
    steady: steadyByPatroni,
    following: followingPatroni,
    settings: patroniSettings,
    switchover,
  },
} as const satisfies ManagerKind;
