import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../clock.ts';
import type { Bounds, StoreTarget, Switchover, SwitchoverRequest } from '../store-driver.ts';
import { textOf } from './connection.ts';
import type { RedisAddress } from './connection.ts';
import { redisStore } from './declared.ts';
import { memberViews, nameOf } from './members.ts';
import { newest, Sentinels } from './sentinel.ts';

const LOOK_EVERY_MS = 100;
const ANSWER_MS = 1000;

/**
 * SENTINEL FAILOVER: the Sentinel that is asked promotes the best replica without asking the others. Done when every Sentinel names
 * another master.
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
    const said = await asking.command(['SENTINEL', 'FAILOVER', store.master], ANSWER_MS);
    const now = await settled(asking, before, { end, bounds });
    return {
      from,
      to: nameOf(now, members) ?? textOf(now),
      detail: `SENTINEL FAILOVER: ${String(said)}; ${textOf(before)} -> ${textOf(now)}`,
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`Sentinel: switchover from ${from}: ${words}`, { cause: error });
  } finally {
    asking.close();
  }
}

async function settled(
  asking: Sentinels,
  before: RedisAddress,
  { end, bounds }: { end: number; bounds: Bounds },
): Promise<RedisAddress> {
  for (;;) {
    const views = await asking.views(ANSWER_MS);
    const now = newest(views)?.address;
    const moved = now !== undefined && textOf(now) !== textOf(before);
    if (moved && views.every(({ address }) => textOf(address) === textOf(now))) return now;
    if (monoMs() >= end)
      throw new Error(`the Sentinels still name ${views.map(({ address }) => textOf(address)).join(', ')}`);
    await sleep(LOOK_EVERY_MS, undefined, bounds.signal === undefined ? {} : { signal: bounds.signal });
  }
}
