import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { attempt, unreadBy, within } from '../store/readback.ts';
import type {
  Bounds,
  ReadBackRequest,
  StoreConnection,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { sqlState, UNDEFINED_TABLE } from './errors.ts';
import { connectionOf, connectWithin } from './query.ts';
import type { ShortClient } from './query.ts';
import { CANARY_TABLE } from './session.ts';
import { errorText } from '../../reports/record/error-text.ts';

const REPLAY_LOOK_MS = 100;
/** For the answer to the look that is made at the deadline. */
const LAST_LOOK_MS = 500;
/** One member that does not answer must leave time to read the others. */
const LOOK_MS = 10_000;

/** Runs of consecutive numbers, so that a million rows are a few lines. */
const RANGES = `
  SELECT min(n)::text AS lo, max(n)::text AS hi
  FROM (SELECT n, n - row_number() OVER (ORDER BY n) AS island
        FROM (SELECT DISTINCT n FROM ${CANARY_TABLE} WHERE run = $1) numbers) islands
  GROUP BY island ORDER BY min(n)`;
const DUPLICATES = `
  SELECT n::text AS n, count(*)::text AS count FROM ${CANARY_TABLE} WHERE run = $1
  GROUP BY n HAVING count(*) > 1 ORDER BY n`;

interface Look {
  member: StoreMember;
  replica: boolean;
  /** Why it could not be queried. */
  failed?: unknown;
}

/**
 * The leader is the one member that is not in recovery. It is read twice; the others are read when they have replayed what the leader
 * had written by then. Two leaders, or none where all have answered, is written as `readback-leaders`.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await target.members();
  request.write({ kind: 'readback-plan', run: request.run, sources: members.map((member) => member.name) });
  const looks = await Promise.all(members.map((member) => lookAt(target, member, within(left(), LOOK_MS))));
  const leaders = looks.filter((look) => look.failed === undefined && !look.replica);
  const leader = leaders[0];
  if (leader === undefined || leaders.length > 1) {
    tellLeaders(request, looks, leaders);
    return;
  }
  const at = connectionOf(target, leader.member);
  const position = await attempt(request, leader.member.name, async () => {
    await readOne({ at, request, source: leader.member.name, role: 'leader', pass: 1 }, left());
    await readOne({ at, request, source: leader.member.name, role: 'leader', pass: 2 }, left());
    return await single(at, 'SELECT pg_current_wal_lsn()::text AS value', left());
  });
  for (const { member } of looks) {
    if (member.name === leader.member.name) continue;
    await attempt(request, member.name, async () => {
      const replica = connectionOf(target, member);
      if (position !== null) await replayed(replica, position, left());
      await readOne({ at: replica, request, source: member.name, role: 'member', pass: 1 }, left());
    });
  }
}

/** One leader was expected. If none was seen, a member that could not be queried may lead. */
function tellLeaders(request: ReadBackRequest, looks: readonly Look[], leaders: readonly Look[]): void {
  const state = ({ failed, replica }: Look): string =>
    failed === undefined ? (replica ? 'replica' : 'primary') : errorText(failed);
  const seen = looks.map((look) => `${look.member.name}: ${state(look)}`).join('; ');
  const unasked = looks.find(({ failed }) => failed !== undefined);
  if (leaders.length > 0 || unasked === undefined) {
    request.write({ kind: 'readback-leaders', leaders: leaders.map(({ member }) => member.name), seen });
    return;
  }
  const reason = `expected one member that is not in recovery, seen: ${seen}`;
  request.write({ kind: 'readback-failed', source: 'leader', why: unreadBy(unasked.failed), reason });
}

interface Reading {
  at: StoreConnection;
  request: ReadBackRequest;
  source: string;
  role: 'leader' | 'member';
  pass: 1 | 2;
}

async function readOne({ at, request, source, role, pass }: Reading, bounds: Bounds): Promise<void> {
  const client = await connectWithin(at, bounds);
  try {
    const { present, duplicates } = await contents(client, request.run);
    request.write({ kind: 'readback', source, role, pass, present, duplicates, complete: true });
  } finally {
    client.destroy();
  }
}

/** A table that is not there holds nothing: that was read, and completely. */
async function contents(
  client: ShortClient,
  run: string,
): Promise<{ present: [number, number][]; duplicates: [number, number][] }> {
  try {
    const ranges = await client.query<{ lo: string; hi: string }>(RANGES, [run]);
    const twice = await client.query<{ n: string; count: string }>(DUPLICATES, [run]);
    return {
      present: ranges.map(({ lo, hi }) => [Number(lo), Number(hi)]),
      duplicates: twice.map(({ n, count }) => [Number(n), Number(count)]),
    };
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return { present: [], duplicates: [] };
    throw error;
  }
}

/** @throws Error that says how far it got */
async function replayed(at: StoreConnection, position: string, bounds: Bounds): Promise<void> {
  const sql = `SELECT pg_last_wal_replay_lsn()::text AS value`;
  const isThere = (seen: string): boolean => walPosition(seen) >= walPosition(position);
  const seen = await lookUntil(
    (leftMs) => single(at, sql, { ...bounds, deadlineMs: leftMs + LAST_LOOK_MS }),
    isThere,
    { ...bounds, intervalMs: REPLAY_LOOK_MS },
  );
  if (!isThere(seen))
    throw new Error(`expected it to have replayed ${position}, seen ${seen} at the deadline`);
}

/** `16/B374D848` as a number that can be compared. @throws Error for anything else (e.g. a server that replays nothing) */
export function walPosition(text: string): bigint {
  const match = /^([0-9A-F]+)\/([0-9A-F]+)$/i.exec(text);
  if (match === null) throw new Error(`not a WAL position: ${text}`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

async function single(at: StoreConnection, sql: string, bounds: Bounds): Promise<string> {
  const client = await connectWithin(at, bounds);
  try {
    const rows = await client.query<{ value: string | null }>(sql);
    return rows[0]?.value ?? 'null';
  } finally {
    client.destroy();
  }
}

async function lookAt(target: StoreTarget, member: StoreMember, bounds: Bounds): Promise<Look> {
  try {
    const value = await single(
      connectionOf(target, member),
      'SELECT pg_is_in_recovery()::text AS value',
      bounds,
    );
    return { member, replica: value !== 'false' };
  } catch (error) {
    return { member, replica: true, failed: error };
  }
}
