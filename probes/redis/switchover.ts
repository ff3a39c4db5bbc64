import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { Bounds, StoreTarget, Switchover, SwitchoverRequest } from '../store/store-driver.ts';
import { textOf, withRedis } from './connection.ts';
import type { Command, RedisAddress, RedisEnd } from './connection.ts';
import { adminLogin, redisStore } from './declared.ts';
import { memberViews, nameOf } from './members.ts';
import { newest, Sentinels } from './sentinel.ts';
import { errorText } from '../../reports/record/error-text.ts';

const LOOK_EVERY_MS = 100;
const ANSWER_MS = 1000;

/** Longer than a failover by order takes; it ends by itself, whatever becomes of us. */
const PAUSE_MS = 5000;

/**
 * As Redis' documentation describes a planned change (CLIENT PAUSE): writes are held back, so that the replicas have everything, then
 * SENTINEL FAILOVER promotes one without asking the other Sentinels. Without the pause the old master would go on acknowledging for up
 * to a second, with the replica that is not promoted as its witness, and all that would be lost. Done when every Sentinel names another
 * master.
 * @throws Error with the Sentinel's words when it refuses, or when the master is still the same at the deadline
 */
export async function switchover(
  target: StoreTarget,
  { from }: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  const store = redisStore(target.connection);
  const asking = new Sentinels(store);
  const end = monoMs() + bounds.deadlineMs;
  try {
    const members = (await memberViews(target, { ...bounds, deadlineMs: ANSWER_MS })).map(
      ({ member }) => member,
    );
    const before = await asking.master(ANSWER_MS);
    const leads = nameOf(before, members);
    if (leads !== from)
      throw new Error(`the master is ${leads ?? textOf(before)}, not ${from}: nothing was ordered`);
    const old: RedisEnd = { at: before, login: await adminLogin(target) };
    await once(old, ['CLIENT', 'PAUSE', PAUSE_MS, 'WRITE'], bounds);
    try {
      const said = await asking.command(['SENTINEL', 'FAILOVER', store.master], ANSWER_MS);
      const now = await settled(asking, before, { end, bounds });
      const detail = `writes paused, SENTINEL FAILOVER: ${String(said)}; ${textOf(before)} -> ${textOf(now)}`;
      return { from, to: nameOf(now, members) ?? textOf(now), detail };
    } finally {
      // What is a replica by now, or was refused: neither needs its writes held back.
      await once(old, ['CLIENT', 'UNPAUSE'], bounds).catch(() => undefined);
    }
  } catch (error) {
    const words = errorText(error);
    throw new Error(`Sentinel: switchover from ${from}: ${words}`, { cause: error });
  } finally {
    asking.close();
  }
}

function once(end: RedisEnd, command: Command, bounds: Bounds): Promise<unknown> {
  return withRedis(end, { ...bounds, deadlineMs: ANSWER_MS }, (redis, limitMs) =>
    redis.call(command, limitMs),
  );
}

async function settled(
  asking: Sentinels,
  before: RedisAddress,
  { end, bounds }: { end: number; bounds: Bounds },
): Promise<RedisAddress> {
  const { views, now } = await lookUntil(
    async () => {
      const seen = await asking.views(ANSWER_MS);
      const named = newest(seen)?.address;
      const moved = named !== undefined && textOf(named) !== textOf(before);
      const agreed = moved && seen.every(({ address }) => textOf(address) === textOf(named));
      return { views: seen, now: agreed ? named : null };
    },
    (seen) => seen.now !== null,
    { ...bounds, deadlineMs: end - monoMs(), intervalMs: LOOK_EVERY_MS },
  );
  if (now !== null) return now;
  throw new Error(`the Sentinels still name ${views.map(({ address }) => textOf(address)).join(', ')}`);
}
