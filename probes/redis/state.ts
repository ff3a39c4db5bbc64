import { isDown, PeersError } from '../asking.ts';
import { declaredMembers } from '../store/members.ts';
import { unsteadyBy } from '../store/steady.ts';
import { settingsOrNone } from '../store/store-driver.ts';
import type { Bounds, Steadiness, StoreDescription, StoreTarget } from '../store/store-driver.ts';
import { textOf, withRedis } from './connection.ts';
import { redisStore } from './declared.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { errorClass, replyCode } from './errors.ts';
import { infoFields, memberViews, nameOf } from './members.ts';
import type { MemberView } from './members.ts';
import { newest, Sentinels } from './sentinel.ts';
import type { KnownReplica, SentinelView } from './sentinel.ts';
import { governingSettings } from './settings.ts';

/** A Sentinel or a member that takes longer than this has trouble of its own. */
const ANSWER_MS = 1000;

/** What the Sentinels and the members say at one moment. */
export interface ClusterView {
  declaredSentinels: number;
  /** Pods of the StatefulSet; null: not declared. */
  declaredMembers: number | null;
  sentinels: (SentinelView & { replicas: KnownReplica[] })[];
  /** The errors of the Sentinels that do not answer. */
  sentinelErrors: readonly unknown[];
  /** The newest view of a Sentinel; null: none answers. */
  sentinel: SentinelView | null;
  members: MemberView[];
  /** The pod that the Sentinels send clients to. */
  leader: string | null;
}

async function look(target: StoreTarget, bounds: Bounds): Promise<ClusterView> {
  const store = redisStore(target.connection);
  const limitMs = Math.min(ANSWER_MS, bounds.deadlineMs);
  const asking = new Sentinels(store);
  try {
    const [{ views, errors }, members] = await Promise.all([
      asking.asked(limitMs),
      memberViews(target, { ...bounds, deadlineMs: limitMs }),
    ]);
    const sentinels = await Promise.all(
      views.map(async (one) => ({
        ...one,
        replicas: await asking.replicas(one.source, limitMs).catch(() => []),
      })),
    );
    const sentinel = newest(sentinels);
    const leader =
      sentinel === null
        ? null
        : nameOf(
            sentinel.address,
            members.map(({ member }) => member),
          );
    const declared = {
      declaredSentinels: store.sentinels.length,
      declaredMembers: declaredMembers(target.connection),
    };
    return { ...declared, sentinels, sentinelErrors: errors, sentinel, members, leader };
  } finally {
    asking.close();
  }
}

/** Leader, members and, where the master answers, live settings. @throws Error when no Sentinel or no member answers, with the error of each */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const view = answered(await look(target, bounds));
  const leader = view.members.find(({ name }) => name === view.leader);
  return {
    leader: leader?.role === 'master' ? view.leader : null,
    members: view.members.map((member) => ({
      name: member.name,
      role: member.role === 'slave' ? 'replica' : member.role,
      state: member.failed ?? (member.role === 'slave' ? followingState(member, leader) : 'running'),
    })),
    governing: await settingsOrNone(governingSettings(target, bounds)),
  };
}

/** @throws Error when no Sentinel or no member answers, with the error of each */
function answered(view: ClusterView): ClusterView {
  if (view.sentinel === null)
    throw new PeersError(view.sentinelErrors, unanswered('Sentinel', view.sentinelErrors));
  if (view.members.length === 0) throw isDown('absent', 'redis: no member has an address');
  const failed = view.members.flatMap(({ failed: why, error }) => (why === undefined ? [] : [error]));
  if (failed.length > 0 && failed.length === view.members.length)
    throw new AggregateError(failed, unanswered('member', failed));
  return view;
}

export function unanswered(who: 'Sentinel' | 'member', errors: readonly unknown[]): string {
  // Of ERR alone, which stands for anything, the text says what it is: `No such master with that name`.
  const said = errors.map((error) => (replyCode(error) === 'ERR' ? errorText(error) : errorClass(error)));
  return `redis: no ${who} answers: ${said.join('; ')}`;
}

/** `streaming` only where both sides say so and mean each other. */
function followingState(replica: MemberView, leader: MemberView | undefined): string {
  if (!replica.linkUp) return 'not connected to its master';
  if (leader === undefined || replica.masterAddress !== leader.announced)
    return `follows ${replica.masterAddress ?? 'nobody'}`;
  const state = leader.followers.find(({ address }) => address === replica.announced)?.state;
  return state === 'online' ? 'streaming' : (state ?? 'not known to the master');
}

/** Every declared member is there, every Sentinel agrees on one master that is up, and every other member follows it. Never throws. */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    const view = answered(await look(target, bounds));
    const problems = problemsOf(view);
    const { leader } = view;
    if (problems.length > 0) return { ok: false, leader, detail: `expected: ${problems.join('; ')}` };
    const replicas = view.members.length - 1;
    return {
      ok: true,
      leader,
      detail: `master ${leader ?? ''}, ${replicas} of ${replicas} replicas streaming, ${view.declaredSentinels} Sentinels agree`,
    };
  } catch (error) {
    return unsteadyBy(error);
  }
}

/** What is not as it should be; empty: steady. */
export function problemsOf(view: ClusterView): string[] {
  const { sentinels, sentinel, declaredSentinels, leader } = view;
  const problems = missingMembers(view);
  if (sentinels.length < declaredSentinels)
    problems.push(`${declaredSentinels} Sentinels to answer, seen ${sentinels.length}`);
  if (sentinel === null) return problems;
  for (const other of sentinels) {
    problems.push(...disagreement(other, sentinel, declaredSentinels));
    if (declaredSentinels > 0) problems.push(...unpromotable(other, view));
  }
  const masters = view.members.filter(({ role }) => role === 'master').map(({ name }) => name);
  if (leader === null || masters.length !== 1 || masters[0] !== leader)
    problems.push(
      `one master, the one that the Sentinels name (${leader ?? textOf(sentinel.address)}), seen ${masters.join(', ') || 'none'}`,
    );
  return [...problems, ...replicaProblems(view)];
}

/** A pod without an address is not among the members, and nothing else here would miss it. */
function missingMembers({ members, declaredMembers }: ClusterView): string[] {
  if (declaredMembers === null || members.length >= declaredMembers) return [];
  const names = members.map(({ name }) => name).join(', ') || 'none';
  return [`${declaredMembers} members, seen ${members.length}: ${names}`];
}

function replicaProblems({ members, leader }: ClusterView): string[] {
  const master = members.find(({ name }) => name === leader);
  return members
    .filter(({ name }) => name !== leader)
    .map((member) => ({ name: member.name, state: member.failed ?? followingState(member, master) }))
    .filter(({ state }) => state !== 'streaming')
    .map(({ name, state }) => `${name} streaming, seen: ${state}`);
}

/** A Sentinel that names another master, sees trouble with it, or does not know all others cannot be relied on. */
function disagreement(view: SentinelView, best: SentinelView, declared: number): string[] {
  const problems: string[] = [];
  if (textOf(view.address) !== textOf(best.address))
    problems.push(`Sentinel ${view.source} to name ${textOf(best.address)}, seen ${textOf(view.address)}`);
  if (view.flags.join(',') !== 'master')
    problems.push(`flags "master" at Sentinel ${view.source}, seen "${view.flags.join(',')}"`);
  const known = Number(view.settings['num-other-sentinels'] ?? 0) + 1;
  if (known < declared) problems.push(`Sentinel ${view.source} to know ${declared}, seen ${known}`);
  return problems;
}

/** A Sentinel looks for replicas every 10 s. It does not promote one that it does not know, or considers down or a master. */
function unpromotable(
  { source, replicas }: { source: string; replicas: readonly KnownReplica[] },
  { members, leader }: ClusterView,
): string[] {
  return members
    .filter(({ name }) => name !== leader)
    .map(({ name, announced }) => ({ name, known: replicas.find(({ address }) => address === announced) }))
    .filter(({ known }) => known?.flags !== 'slave' || known.role !== 'slave')
    .map(
      ({ name, known }) =>
        `Sentinel ${source} to list ${name} as a replica that is up, seen: ${known === undefined ? 'not known' : `${known.flags}, reported as ${known.role}`}`,
    );
}

/** Pushed where a write must be refused; removed at once where it is not. */
const TRIAL_KEY = 'plumbline:must-be-refused';

/**
 * Tries to write there: a replica refuses it with READONLY.
 * @throws Error when nothing answers, or it is refused for another reason: then it is not known whether it would be
 */
export async function refusesWrites(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const { login } = redisStore(target.connection);
  return withRedis({ at, login }, bounds, async (redis, limitMs) => {
    const [pushed] = await redis.batch(
      [
        ['RPUSH', TRIAL_KEY, 'x'],
        ['DEL', TRIAL_KEY],
      ],
      limitMs,
    );
    if (!(pushed instanceof Error)) return { refused: false, detail: `${textOf(at)} took a write` };
    if (replyCode(pushed) !== 'READONLY') throw pushed;
    return { refused: true, detail: `${textOf(at)}: ${pushed.message}` };
  });
}

/**
 * What the server there says: a replica with `slave_read_only` refuses writes of every client.
 * @throws Error when nothing answers
 */
export async function onlyReads(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const { login } = redisStore(target.connection);
  return withRedis({ at, login }, bounds, async (redis, limitMs) => {
    const [info] = await redis.batch([['INFO', 'replication']], limitMs);
    if (info instanceof Error) throw info;
    const { role = '?', slave_read_only: readOnly = '?' } = infoFields(info);
    return {
      refused: role === 'slave' && readOnly === '1',
      detail: `${textOf(at)} says role ${role}, slave_read_only ${readOnly}; no write was tried`,
    };
  });
}
