import { monoMs } from '../../host/clock.ts';
import { contentsOf } from '../store/contents.ts';
import type { Contents } from '../store/contents.ts';
import { attempt, unreadBy, within } from '../store/readback.ts';
import type {
  Bounds,
  ReadBackRequest,
  ReadBackSeen,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { connectionOf, connectMember, viewOf } from './ask.ts';
import { leaderOf, seatsOf } from './members.ts';
import type { ClusterView } from './members.ts';
import { bounded, connectWithin } from './query.ts';
import { CANARY_LABEL } from './session.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Once through the index and once through the nodes themselves: an index that lost an entry must not hide a write, nor make one up. */
const BY_INDEX = `MATCH (w:${CANARY_LABEL}) WHERE w.run = $run AND w.n > 0 RETURN w.n AS n`;
const BY_SCAN = `MATCH (w:${CANARY_LABEL}) USING SCAN w:${CANARY_LABEL} WHERE w.run = $run AND w.n > 0 RETURN w.n AS n`;
/** One member that does not answer must leave time to read the others. */
const LOOK_MS = 10_000;

/**
 * The leader is the member that every member that answers calls the writer. It is read twice; the others are read when they have caught
 * up with the state that the leader was read in. No leader, or members that disagree, is written as `readback-leaders`. A server of the cluster
 * that does not host the database is `readback-without`; a member that is no server of it is not.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await target.members();
  request.write({ kind: 'readback-plan', run: request.run, sources: members.map(({ name }) => name) });
  const said = await Promise.all(
    members.map((member) => writerBy(target, member, members, within(left(), LOOK_MS))),
  );
  const leader = agreed(said, members);
  if (leader === null) {
    tellLeaders(request, said);
    return;
  }
  const reading = { target, request };
  const bookmarks = await attempt(request, leader.name, async () => {
    await readOne({ ...reading, member: leader, role: 'leader', pass: 1, query: BY_INDEX }, left());
    return readOne({ ...reading, member: leader, role: 'leader', pass: 2, query: BY_SCAN }, left());
  });
  const without = withoutCopy(said, members);
  for (const one of without) request.write({ kind: 'readback-without', ...one });
  const others = members.filter(({ name }) => name !== leader.name);
  for (const member of others.filter(({ name }) => without.every(({ source }) => source !== name))) {
    await attempt(request, member.name, () =>
      readOne(
        { ...reading, member, role: 'member', pass: 1, query: BY_INDEX, bookmarks: bookmarks ?? [] },
        left(),
      ),
    );
  }
}

interface Said {
  by: string;
  leader: string | null;
  view?: ClusterView;
  /** Why it could not be queried. */
  failed?: unknown;
}

/** Members that are servers of the cluster and hold no copy, as every member that answers says. */
function withoutCopy(
  said: readonly Said[],
  members: readonly StoreMember[],
): Omit<Extract<ReadBackSeen, { kind: 'readback-without' }>, 'kind'>[] {
  const views = said.flatMap(({ view }) => (view === undefined ? [] : [seatsOf(view, members)]));
  const [first = []] = views;
  const copies = first.filter(({ copy }) => copy !== null);
  const seen = `copies on ${copies.map(({ name }) => name).join(', ')}`;
  return members
    .filter(({ name }) =>
      views.every((seats) => seats.some((seat) => seat.name === name && seat.copy === null)),
    )
    .map(({ name }) => ({ source: name, because: 'elsewhere', copies: copies.length, seen }));
}

/**
 * One writer was expected. Those that call themselves the writer lead; if no answer names one, a member that could not be queried may
 * lead.
 */
function tellLeaders(request: ReadBackRequest, said: readonly Said[]): void {
  const state = ({ leader, failed }: Said): string =>
    failed === undefined ? (leader ?? 'nobody') : errorText(failed);
  const seen = said.map((one) => `${one.by}: ${state(one)}`).join('; ');
  const unasked = said.find(({ failed }) => failed !== undefined);
  const named = said.some(({ leader }) => leader !== null);
  const stranger = said.find(({ leader }) => leader !== null && said.every(({ by }) => by !== leader));
  if ((named && stranger === undefined) || (!named && unasked === undefined)) {
    const leaders = said.filter(({ by, leader }) => by === leader).map(({ by }) => by);
    request.write({ kind: 'readback-leaders', leaders, seen });
    return;
  }
  const reason = `expected every member to name the same writer among them, seen: ${seen}`;
  const why = unasked === undefined ? 'unread' : unreadBy(unasked.failed);
  request.write({ kind: 'readback-failed', source: 'leader', why, reason });
}

/** The one member that all answers name. */
export function agreed(said: readonly Said[], members: readonly StoreMember[]): StoreMember | null {
  const answers = said.filter(({ failed }) => failed === undefined);
  const names = new Set(answers.map(({ leader }) => leader));
  const [name] = names;
  return names.size === 1 ? (members.find((member) => member.name === name) ?? null) : null;
}

async function writerBy(
  target: StoreTarget,
  member: StoreMember,
  members: readonly StoreMember[],
  bounds: Bounds,
): Promise<Said> {
  try {
    const bolt = await connectMember(target, member, bounds);
    try {
      const view = await bounded(bolt, member.name, bounds, () => viewOf(bolt, target));
      return { by: member.name, leader: leaderOf(view, members), view };
    } finally {
      bolt.destroy();
    }
  } catch (error) {
    return { by: member.name, leader: null, failed: error };
  }
}

interface Reading {
  target: StoreTarget;
  request: ReadBackRequest;
  member: StoreMember;
  role: 'leader' | 'member';
  pass: 1 | 2;
  query: string;
  /** The server answers when it has what they stand for. */
  bookmarks?: string[];
}

async function readOne(reading: Reading, bounds: Bounds): Promise<string[]> {
  const { target, request, member, role, pass, query } = reading;
  const options = { direct: true, read: true, ...(reading.bookmarks && { bookmarks: reading.bookmarks }) };
  const bolt = await connectWithin(connectionOf(target, member), bounds, options);
  try {
    const { rows, bookmarks } = await bounded(bolt, member.name, bounds, () =>
      bolt.runWithBookmark<{ n: number }>(query, { run: request.run }),
    );
    const contents: Contents = contentsOf(rows.map(({ n }) => n));
    request.write({ kind: 'readback', source: member.name, role, pass, ...contents, complete: true });
    return bookmarks;
  } finally {
    bolt.destroy();
  }
}
