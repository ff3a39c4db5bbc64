/** Roles as the servers themselves tell them, for a PostgreSQL whose manager is not declared, or that has none. */
import { errorText } from '../../../reports/record/error-text.ts';
import { askFailureOf, cannotAsk } from '../../asking.ts';
import { declaredMembers, firstAnswer } from '../../store/members.ts';
import type { Bounds, Steadiness, StoreMember, StoreTarget } from '../../store/store-driver.ts';
import type { Following } from '../../store/following.ts';
import type { Leading } from '../../store/several-leaders.ts';
import { sqlState, UNDEFINED_TABLE } from '../errors.ts';
import type { Manager } from './manager.ts';
import { connectionOf, connectOnce, IN_RECOVERY, PostgresTimeout } from '../query.ts';
import type { ShortClient } from '../query.ts';
import { CANARY_TABLE } from '../session.ts';

/** The timeline is the first eight digits of a WAL file's name, hexadecimal (documentation, "WAL Internals"). */
const TIMELINE = `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
  current_setting('synchronous_standby_names') AS synchronous`;
const SYNCHRONOUS = `SELECT current_setting('synchronous_standby_names') AS synchronous`;
/** An Aurora tells no place in its WAL: "not supported", or "wal_level must be set to 'logical'" (SQLSTATE feature_not_supported, object_not_in_prerequisite_state). */
const NO_WAL = ['0A000', '55000'];
const REPLICATION =
  'SELECT application_name AS name, host(client_addr) AS address, state, sync_state FROM pg_stat_replication';
/**
 * Rows of the client load and of those by further paths, whose runs begin with its name. A commit that waits for a replica shows none yet. What
 * the server or its manager writes by itself (vacuum, statistics, events) is not among them.
 */
const WRITTEN = `SELECT count(*)::text AS written FROM ${CANARY_TABLE} WHERE starts_with(run, $1)`;

/** A row of pg_stat_replication: one that receives WAL from this server. */
interface Receiver {
  name: string;
  address: string | null;
  /** null: the account may not see it. */
  state: string | null;
  sync_state: string | null;
}

/** What one member says of itself. Only a server that is not in recovery has a timeline and receivers. */
export interface Look {
  member: StoreMember;
  replica: boolean;
  /** 0: it does not say. */
  timeline: number;
  /** `synchronous_standby_names`; empty: no commit waits for a replica. */
  synchronous: string;
  receivers: readonly Receiver[];
  /** Why it did not answer. */
  failed?: unknown;
}

const UNSEEN: Omit<Look, 'member'> = { replica: true, timeline: 0, synchronous: '', receivers: [] };

const ROLES: Readonly<Record<string, string>> = { sync: 'sync_standby', quorum: 'quorum_standby' };

/**
 * Asks all members at once.
 * @throws Error with each member's error when none answers; that of a member that could not be asked, when no other leads: it may
 */
async function looksAt(
  target: StoreTarget,
  ask: (member: StoreMember) => Promise<Look>,
): Promise<readonly Look[]> {
  const asked = new Map((await target.members()).map((member) => [member, ask(member)]));
  const all = Promise.all(
    [...asked].map(([member, look]) =>
      look.catch((failed: unknown): Look => ({ ...UNSEEN, member, failed })),
    ),
  );
  await firstAnswer('PostgreSQL', [...asked.keys()], (member) => asked.get(member) ?? ask(member));
  const looks = await all;
  const unasked = looks.find(
    ({ failed }) => failed !== undefined && askFailureOf(failed).kind === 'cannot-ask',
  );
  if (unasked !== undefined && leadersIn(looks).length === 0) throw unasked.failed;
  return looks;
}

/** Opens a connection of its own to each member. */
function looksNow(target: StoreTarget, bounds: Bounds): Promise<readonly Look[]> {
  return looksAt(target, async (member) => {
    const client = await connectOnce(connectionOf(target, member), bounds);
    try {
      return await lookOf(member, client);
    } finally {
      client.destroy();
    }
  });
}

type LookOf = (member: StoreMember, client: Pick<ShortClient, 'query'>) => Promise<Look>;

const recoveryOf: LookOf = async (member, client) => {
  const [at] = await client.query<{ replica: boolean }>(IN_RECOVERY);
  return { ...UNSEEN, member, replica: at?.replica !== false };
};

export async function lookOf(member: StoreMember, client: Pick<ShortClient, 'query'>): Promise<Look> {
  const seen = await recoveryOf(member, client);
  if (seen.replica) return seen;
  const own = await ownOf(client);
  const receivers = await client.query<Receiver & Record<string, unknown>>(REPLICATION);
  if (receivers.some(({ state }) => state === null))
    throw cannotAsk(
      'credentials',
      `PostgreSQL of ${member.name} does not show this account who follows it: it needs the role pg_monitor`,
    );
  return {
    member,
    replica: false,
    timeline: own?.timeline ?? 0,
    synchronous: own?.synchronous ?? '',
    receivers,
  };
}

async function ownOf(
  client: Pick<ShortClient, 'query'>,
): Promise<{ timeline?: number; synchronous: string } | undefined> {
  try {
    return (await client.query<{ timeline: number; synchronous: string }>(TIMELINE))[0];
  } catch (error) {
    if (!NO_WAL.includes(sqlState(error) ?? '')) throw error;
    return (await client.query<{ synchronous: string }>(SYNCHRONOUS))[0];
  }
}

/** A table that is not there holds nothing. */
async function writtenOn(client: Pick<ShortClient, 'query'>, run: string): Promise<string> {
  try {
    const [row] = await client.query<{ written: string }>(WRITTEN, [run]);
    return row?.written ?? '0';
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return '0';
    throw error;
  }
}

/** Those that are not in recovery, the newest timeline first: an old primary that came back has the older one. */
function leadersIn(looks: readonly Look[]): Look[] {
  return looks
    .filter(({ failed, replica }) => failed === undefined && !replica)
    .toSorted((a, b) => b.timeline - a.timeline);
}

/** Managers name a receiver after its member; of others the address tells it, where no second one has the same. */
function receiverOf({ receivers }: Look, { name, address }: StoreMember): Receiver | undefined {
  const there = receivers.filter((receiver) => receiver.address === address);
  return receivers.find((receiver) => receiver.name === name) ?? (there.length === 1 ? there[0] : undefined);
}

/** Roles and states of all members, in the words of Patroni, which judges know. */
export function membersIn(looks: readonly Look[]): { name: string; role: string; state: string }[] {
  const leaders = leadersIn(looks);
  return looks.map((look) => {
    const { name } = look.member;
    if (look.failed !== undefined)
      return { name, role: 'replica', state: `does not answer: ${errorText(look.failed)}` };
    if (!look.replica) return { name, role: 'leader', state: 'running' };
    const receiver = leaders[0] && receiverOf(leaders[0], look.member);
    const role = ROLES[receiver?.sync_state ?? ''] ?? 'replica';
    return { name, role, state: receiver?.state ?? 'not streaming' };
  });
}

/** Is there one leader, and do as many follow it as should? */
export function steadyIn(looks: readonly Look[], declared: number): Steadiness {
  const members = membersIn(looks);
  const leaders = leadersIn(looks);
  const [leader] = leaders;
  const streaming = members.filter(({ state }) => state === 'streaming');
  const waitedFor = streaming.filter(({ role }) => role !== 'replica').length;
  const seen = members.map(({ name, role, state }) => `${name}: ${role}, ${state}`).join('; ');
  if (leader === undefined || leaders.length > 1)
    return { ok: false, leader: null, detail: `expected one member that is not in recovery, seen: ${seen}` };
  const synchronous = leader.synchronous === '' || declared === 1 ? 0 : 1;
  const ok = streaming.length === declared - 1 && waitedFor >= synchronous;
  const wanted = `expected ${declared - 1} replicas streaming${synchronous > 0 ? ', one of them synchronous' : ''}`;
  return { ok, leader: leader.member.name, detail: ok ? seen : `${wanted}, seen: ${seen}` };
}

/** A member that takes longer than this has trouble of its own. */
const ANSWER_MS = 400;
/** Longer than any trial; a connection that breaks is opened again. */
const SESSION_MS = 3_600_000;

/** Connections that are kept from look to look: a new one costs the server a process. */
class Sessions {
  readonly #target: StoreTarget;
  readonly #open = new Map<string, ShortClient>();
  #until: AbortSignal | undefined;

  constructor(target: StoreTarget) {
    this.#target = target;
  }

  /** @param signal the same for every look: all connections are closed when it fires */
  looks(look: LookOf, signal: AbortSignal): Promise<readonly Look[]> {
    if (this.#until !== signal) signal.addEventListener('abort', () => this.#close(), { once: true });
    this.#until = signal;
    return looksAt(this.#target, (member) => this.#ask(member, signal, (client) => look(member, client)));
  }

  /**
   * Who leads, with how much clients have written there; null where it does not say. Asked only while several lead: counting costs a server
   * more than the rest of a look.
   */
  leading(looks: readonly Look[], run: string | undefined, signal: AbortSignal): Promise<Leading> {
    const leaders = leadersIn(looks);
    return Promise.all(
      leaders.map(async ({ member }) => {
        const { name } = member;
        if (leaders.length < 2 || run === undefined) return { name, written: null };
        const asked = this.#ask(member, signal, (client) => writtenOn(client, run));
        return { name, written: await asked.catch(() => null) };
      }),
    );
  }

  #close(): void {
    for (const client of this.#open.values()) client.destroy();
    this.#open.clear();
  }

  async #ask<T>(
    member: StoreMember,
    signal: AbortSignal,
    question: (client: ShortClient) => Promise<T>,
  ): Promise<T> {
    const at = connectionOf(this.#target, member);
    const key = `${at.host}:${at.port}`;
    const client =
      this.#open.get(key) ?? (await connectOnce(at, { deadlineMs: SESSION_MS, signal }, ANSWER_MS));
    this.#open.set(key, client);
    if (signal.aborted) this.#close();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new PostgresTimeout(at.host, at.port, ANSWER_MS));
    }, ANSWER_MS);
    try {
      return await Promise.race([question(client), late.promise]);
    } catch (error) {
      client.destroy();
      this.#open.delete(key);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Asks each member only whether it leads, where a manager tells the rest; needs no right to see replication.
 * @param run under which its client load writes
 */
export function leadingBySql(
  target: StoreTarget,
  run: string | undefined,
): (signal: AbortSignal) => Promise<Leading> {
  const sessions = new Sessions(target);
  return async (signal) => sessions.leading(await sessions.looks(recoveryOf, signal), run, signal);
}

function following(target: StoreTarget, run: string | undefined): Following {
  const sessions = new Sessions(target);
  let last: readonly Look[] = [];
  return {
    leader: async (signal) => {
      last = await sessions.looks(lookOf, signal);
      const leading = await sessions.leading(last, run, signal);
      return { leader: leading[0]?.name ?? null, leading };
    },
    members: () => Promise.resolve(membersIn(last).filter(({ state }) => state === 'streaming').length),
  };
}

export const bySql: Manager = {
  roles: async (target, bounds) => {
    const looks = await looksNow(target, bounds);
    const leaders = leadersIn(looks);
    const [leader] = leaders;
    return {
      leader: leaders.length === 1 ? (leader?.member.name ?? null) : null,
      ...(leader !== undefined && leader.timeline > 0 && { term: `timeline ${leader.timeline}` }),
      members: membersIn(looks),
    };
  },
  steady: async (target, bounds) => {
    const looks = await looksNow(target, bounds);
    return steadyIn(looks, declaredMembers(target.connection) ?? looks.length);
  },
  following,
  settings: () => Promise.resolve([]),
  switchover: () =>
    Promise.reject(
      new Error('no manager of PostgreSQL is declared that could be asked for a planned change of leader'),
    ),
};
