import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { contentsOf } from '../store/contents.ts';
import type { Contents } from '../store/contents.ts';
import { attempt, unreadBy } from '../store/readback.ts';
import type { Bounds, ReadBackRequest, StoreTarget } from '../store/store-driver.ts';
import { textOf, withRedis } from './connection.ts';
import type { RedisConnection } from './connection.ts';
import { redisStore } from './declared.ts';
import { errorClass } from './errors.ts';
import { endOf, memberView, memberViews, nameOf } from './members.ts';
import type { MemberView } from './members.ts';
import { newest, Sentinels } from './sentinel.ts';
import { canaryKey } from './session.ts';

/** Elements an answer; a list of any length is read in so many steps. */
const CHUNK = 10_000;
const OFFSET_LOOK_MS = 100;
/** For the answer to the look that is made at the deadline. */
const LAST_LOOK_MS = 500;
/** One member that does not answer must leave time to read the others. */
const LOOK_MS = 10_000;

/**
 * The leader is the one master, and the one that the Sentinels name. It is read twice; the others are read when they have processed
 * what it had written by then.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const views = await memberViews(target, { ...left(), deadlineMs: Math.min(LOOK_MS, bounds.deadlineMs) });
  request.write({ kind: 'readback-plan', run: request.run, sources: views.map(({ name }) => name) });
  const leader = await leaderAmong({ target, request }, views, left());
  if (leader === null) return;
  const reader = new Reader(target, request);
  const offset = await reader.attempt(leader.name, async () => {
    await reader.read(leader, { role: 'leader', pass: 1 }, left());
    await reader.read(leader, { role: 'leader', pass: 2 }, left());
    return (await looked(target, leader, left())).offset;
  });
  for (const view of views) {
    if (view.name === leader.name) continue;
    await reader.attempt(view.name, async () => {
      if (offset !== null) await caughtUp(target, view, { leader, offset }, left());
      await reader.read(view, { role: 'member', pass: 1 }, left());
    });
  }
}

/** The master; null, after it was written what was seen in place of exactly one that the Sentinels name too. */
async function leaderAmong(
  { target, request }: { target: StoreTarget; request: ReadBackRequest },
  views: readonly MemberView[],
  bounds: Bounds,
): Promise<MemberView | null> {
  const asking = new Sentinels(redisStore(target.connection));
  try {
    const best = newest(await asking.views(Math.min(LOOK_MS, bounds.deadlineMs)));
    const named =
      best === null
        ? null
        : nameOf(
            best.address,
            views.map(({ member }) => member),
          );
    const masters = views.filter(({ role }) => role === 'master');
    const leader = masters[0];
    if (leader !== undefined && masters.length === 1 && leader.name === named) return leader;
    const sentinels =
      best === null ? 'no Sentinel answers' : `the Sentinels name ${named ?? textOf(best.address)}`;
    tellLeaders(request, views, sentinels);
    return null;
  } finally {
    asking.close();
  }
}

/** Where no master was seen and somebody could not be asked, that one may be it. */
function tellLeaders(request: ReadBackRequest, views: readonly MemberView[], sentinels: string): void {
  const each = views.map(({ name, failed, role }) => `${name}: ${failed ?? role}`);
  const seen = [...each, sentinels].join('; ');
  const leaders = views.filter(({ role }) => role === 'master').map(({ name }) => name);
  const unasked = views.find(({ failed }) => failed !== undefined);
  if (leaders.length > 0 || unasked === undefined) {
    request.write({ kind: 'readback-leaders', leaders, seen });
    return;
  }
  const reason = `expected one master, the one that the Sentinels name; seen: ${seen}`;
  request.write({ kind: 'readback-failed', source: 'leader', why: unreadBy(unasked.error), reason });
}

class Reader {
  readonly #target: StoreTarget;
  readonly #request: ReadBackRequest;

  constructor(target: StoreTarget, request: ReadBackRequest) {
    this.#target = target;
    this.#request = request;
  }

  async read(
    { name, member }: MemberView,
    as: { role: 'leader' | 'member'; pass: 1 | 2 },
    bounds: Bounds,
  ): Promise<void> {
    const contents = await withRedis(endOf(this.#target, member), bounds, (redis, limitMs) =>
      wholeList(redis, canaryKey(this.#request.run), limitMs),
    );
    this.#request.write({ kind: 'readback', source: name, ...as, ...contents, complete: true });
  }

  /** What cannot be read is written, never left out. */
  attempt<T>(source: string, action: () => Promise<T>): Promise<T | null> {
    return attempt(this.#request, source, action);
  }
}

async function wholeList(redis: RedisConnection, key: string, limitMs: number): Promise<Contents> {
  const elements = await elementsOf(redis, key, limitMs);
  return contentsOf(numbersIn(elements));
}

/** The writes in a list; its first element is none. */
export function numbersIn(elements: readonly string[]): number[] {
  return elements.filter((element) => /^\d+$/.test(element)).map(Number);
}

/** A list that is not there holds nothing: that was read, and completely. */
export async function elementsOf(redis: RedisConnection, key: string, limitMs: number): Promise<string[]> {
  const elements: string[] = [];
  const length = Number(await redis.call(['LLEN', key], limitMs));
  for (let from = 0; from < length; from += CHUNK) {
    const part = (await redis.call(['LRANGE', key, from, from + CHUNK - 1], limitMs)) as string[];
    for (const element of part) elements.push(element);
  }
  return elements;
}

/** @throws Error that says how far it got */
async function caughtUp(
  target: StoreTarget,
  replica: MemberView,
  { leader, offset }: { leader: MemberView; offset: number },
  bounds: Bounds,
): Promise<void> {
  const follows = (seen: MemberView): boolean =>
    seen.role === 'slave' && seen.linkUp && seen.masterAddress === leader.announced;
  const isCaughtUp = (seen: MemberView): boolean => follows(seen) && seen.offset >= offset;
  const seen = await lookUntil(
    (leftMs) => looked(target, replica, { ...bounds, deadlineMs: Math.min(LOOK_MS, leftMs + LAST_LOOK_MS) }),
    isCaughtUp,
    { ...bounds, intervalMs: OFFSET_LOOK_MS },
  );
  if (isCaughtUp(seen)) return;
  const state = follows(seen) ? 'following' : `${seen.role} of ${seen.masterAddress ?? 'nobody'}`;
  throw new Error(`expected it to follow ${leader.name} at ${offset}, seen ${state} at ${seen.offset}`);
}

/** @throws Error when it does not answer */
async function looked(
  target: StoreTarget,
  { member, name }: MemberView,
  bounds: Bounds,
): Promise<MemberView> {
  const view = await memberView(target, member, bounds);
  if (view.failed !== undefined)
    throw new Error(`${name} does not answer: ${errorClass(view.failed)}`, { cause: view.error });
  return view;
}
