import type { Bounds, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { textOf, withRedis } from './connection.ts';
import type { RedisAddress, RedisEnd } from './connection.ts';
import { redisStore } from './declared.ts';
import { errorClass } from './errors.ts';
import { pairs } from './sentinel.ts';

const DEFAULT_PORT = 6379;

/** A replica as its master sees it. */
interface Follower {
  address: string;
  state: string;
  /** Seconds since it was last heard of. */
  lag: number;
}

/** One member as it describes itself; `failed` says why it could not be asked. */
export interface MemberView {
  name: string;
  member: StoreMember;
  failed?: string;
  /** The error behind `failed`. */
  error?: unknown;
  role: 'master' | 'slave' | 'unknown';
  /** Address under which the other members know it. */
  announced: string;
  /** Of a replica: whom it follows, and whether it is connected. */
  masterAddress: string | null;
  linkUp: boolean;
  /** Bytes of the replication stream that it has produced or processed. */
  offset: number;
  followers: Follower[];
}

/** Pod last seen behind each announced address: Sentinel names members by address, also dead ones. */
const names = new Map<string, string>();

/** The pod that Sentinel means, or null if it was never seen; `members` are the present ones. */
export function nameOf(address: RedisAddress | string, members: readonly StoreMember[]): string | null {
  const text = typeof address === 'string' ? address : textOf(address);
  const host = text.slice(0, text.lastIndexOf(':'));
  const own = members.find(
    (member) => textOf(addressOf(member)) === text || host.startsWith(`${member.name}.`),
  );
  return own?.name ?? names.get(text) ?? null;
}

export function endOf(target: StoreTarget, member: StoreMember): RedisEnd {
  return { at: addressOf(member), login: redisStore(target.connection).login };
}

function addressOf({ address, port }: StoreMember): RedisAddress {
  return { host: address, port: port ?? DEFAULT_PORT };
}

/** Every member, asked at the same time. Never rejects for a member that does not answer. */
export async function memberViews(target: StoreTarget, bounds: Bounds): Promise<MemberView[]> {
  const members = await target.members();
  return Promise.all(members.map((member) => memberView(target, member, bounds)));
}

export async function memberView(
  target: StoreTarget,
  member: StoreMember,
  bounds: Bounds,
): Promise<MemberView> {
  const end = endOf(target, member);
  const own = textOf(end.at);
  const { sentinels, primary } = redisStore(target.connection);
  try {
    const [info, announce] = await withRedis(end, bounds, (redis, limitMs) =>
      redis.batch(
        [
          ['INFO', 'replication'],
          ['CONFIG', 'GET', 'replica-announce-*'],
        ],
        limitMs,
      ),
    );
    if (info instanceof Error) throw info;
    const view = { name: member.name, member, announced: announcedIn(announce, own), ...replicationIn(info) };
    names.set(view.announced, member.name);
    if (sentinels.length === 0 && view.role === 'master') names.set(textOf(primary), member.name);
    return view;
  } catch (error) {
    return { ...UNKNOWN, name: member.name, member, announced: own, failed: errorClass(error), error };
  }
}

const UNKNOWN = {
  role: 'unknown',
  masterAddress: null,
  linkUp: false,
  offset: 0,
  followers: [],
} as const satisfies Partial<MemberView>;

/** Without the right to read its settings the address is the one that it was asked at. */
function announcedIn(reply: unknown, own: string): string {
  const settings = reply instanceof Error ? {} : pairs(reply);
  const host = settings['replica-announce-ip'] ?? '';
  const port = settings['replica-announce-port'] ?? '0';
  const [ownHost, ownPort] = own.split(/:(?=\d+$)/);
  return `${host === '' ? (ownHost ?? '') : host}:${port === '0' ? (ownPort ?? '') : port}`;
}

type Replication = Pick<MemberView, 'role' | 'masterAddress' | 'linkUp' | 'offset' | 'followers'>;

/** The lines of an answer to INFO, by their names. */
export function infoFields(reply: unknown): Record<string, string> {
  const lines = String(reply).split('\r\n');
  return Object.fromEntries(
    lines.map((line) => line.split(/:(.*)/s)).map(([name = '', value = '']) => [name, value]),
  );
}

/** The section `replication` of INFO (Redis documentation, "INFO"). */
export function replicationIn(reply: unknown): Replication {
  const values = infoFields(reply);
  const role = values['role'] === 'master' || values['role'] === 'slave' ? values['role'] : 'unknown';
  const followers = Object.entries(values)
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, value]) => followerIn(value));
  const replica = role === 'slave';
  return {
    role,
    masterAddress: replica ? `${values['master_host'] ?? ''}:${values['master_port'] ?? ''}` : null,
    linkUp: values['master_link_status'] === 'up',
    offset: Number((replica ? values['slave_repl_offset'] : values['master_repl_offset']) ?? 0),
    followers,
  };
}

/** `ip=…,port=…,state=online,offset=…,lag=0` */
function followerIn(text: string): Follower {
  const values = Object.fromEntries(text.split(',').map((part) => part.split('='))) as Record<string, string>;
  return {
    address: `${values['ip'] ?? ''}:${values['port'] ?? ''}`,
    state: values['state'] ?? 'unknown',
    lag: Number(values['lag'] ?? Number.NaN),
  };
}
