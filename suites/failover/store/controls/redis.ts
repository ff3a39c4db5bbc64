/** Controls of failover/redis: those of every store, and a master that still accepts writes while it is cut off. */
import { z } from 'zod';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { withRedis } from '../../../../probes/redis/connection.ts';
import type { Command, RedisEnd } from '../../../../probes/redis/connection.ts';
import { endOf } from '../../../../probes/redis/members.ts';
import { declaredStore, oneAnswer } from '../../../_breaking/accounts.ts';
import { memberSetRef } from '../../../_breaking/members.ts';
import { required } from '../../../_breaking/objects.ts';
import { everyStoreControls } from './every-store.ts';
import type { Tampering } from './every-store.ts';

/** A second of writes: with min-replicas a master that is cut off stops after two. */
const ENOUGH = 200;
const ROLLED_OUT_MS = 300_000;
const KEYS = 'plumbline:canary:';

/**
 * Key and last element of the newest list: the one that expires last, since all get the same lifetime when created. It is one call for any
 * number of lists, so that the control hardly burdens the server under test.
 */
const NEWEST = `
local newest, longest, cursor = '', -2, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local left = redis.call('PTTL', key)
    if left > longest then newest, longest = key, left end
  end
until cursor == '0'
return {newest, redis.call('LINDEX', newest, -1)}`;

const newestList = z.tuple([z.string(), z.string().nullable()]);

/** Replicas follow: what is taken out of the master's list is gone everywhere. */
export const tampering: Tampering = {
  newest: async (ctx) => {
    const [key, last] = await onMaster(ctx, newestList, ['EVAL', NEWEST, 0, `${KEYS}*`]);
    const n = Number(last);
    return key === '' ? null : { run: key.slice(KEYS.length), n: Number.isInteger(n) ? n : 0 };
  },
  remove: async (ctx, { run, n }) => {
    const removed = await onMaster(ctx, z.number(), ['LREM', KEYS + run, 0, n]);
    if (removed !== 1) throw new Error(`expected write ${n} once in ${run}, LREM removed ${removed}`);
  },
  double: async (ctx, { run, n }) => {
    const { length } = await onMaster(ctx, z.array(z.number()), ['LPOS', KEYS + run, n, 'COUNT', 0]);
    if (length !== 1) throw new Error(`expected write ${n} once in ${run}, found it ${length} times`);
    await onMaster(ctx, z.number(), ['RPUSH', KEYS + run, n]);
  },
};

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'redis',
    ...tampering,
    // One lost write fits any loss window, so only a goal of none shows that it is counted.
    goals: { lostWrites: 0 },
  }),
  ...controlsFor('failover/redis/partition', {
    'no-min-replicas': {
      title: 'no min-replicas, writes acknowledged by the reply alone, and the master is cut off',
      seen: /lost \d+ acknowledged writes over/,
      settings: {
        goals: { lossWindowSeconds: 1, lossWindowBeyondFailover: false },
        settings: { clientLoad: { wait: { replicas: 0, milliseconds: 400 } } },
      },
      break: (ctx) => restartWithMinReplicas(ctx, 0),
      verify: countLostIndependently,
    },
  }),
];

/** The record's counts must equal those in Redis. */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const writes = judgement.trials?.[0]?.writes;
  if (!writes) return 'the trial has no counts of writes';
  const newest = await tampering.newest(ctx);
  if (newest === null) return 'the list is gone';
  const all = await onMaster(ctx, z.array(z.string()), ['LRANGE', KEYS + newest.run, 0, -1]);
  const counted = new Set(all.filter((element) => /^\d+$/.test(element))).size;
  const { lost, ok, present, recovered, unexpected } = writes;
  if (lost < ENOUGH) return `expected at least ${ENOUGH} acknowledged writes lost, the record says ${lost}`;
  if (counted !== present + recovered + unexpected)
    return `the record counts ${present + recovered + unexpected} writes in the store, Redis counts ${counted}`;
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}

/** @throws the error of the connection, or the error reply */
function ask(ctx: ControlContext, end: RedisEnd, command: Command): Promise<unknown> {
  return withRedis(end, oneAnswer(ctx), (redis, limitMs) => redis.call(command, limitMs));
}

async function membersOf(ctx: ControlContext): Promise<RedisEnd[]> {
  const target = await ctx.store('redis');
  return (await target.members()).map((member) => endOf(target, member));
}

/** One command to the member that says of itself that it is the master. @throws Error where none does, or two do */
async function onMaster<T>(ctx: ControlContext, answer: z.ZodType<T>, command: Command): Promise<T> {
  const roles = (await membersOf(ctx)).map(async (end) => {
    const role = await ask(ctx, end, ['ROLE']).catch(() => null);
    return Array.isArray(role) && role[0] === 'master' ? [end] : [];
  });
  const [master, ...others] = (await Promise.all(roles)).flat();
  if (master === undefined || others.length > 0) throw new Error('Redis has no single master to ask');
  return answer.parse(await ask(ctx, master, command));
}

/** Restarts every member with another minimum of replicas for writes; restored like any other field. */
async function restartWithMinReplicas(ctx: ControlContext, count: number): Promise<void> {
  const ref = memberSetRef(ctx, 'redis');
  const found = await required(ctx, ref);
  const containers = found.spec.template.spec.containers.map((one) => ({
    ...one,
    env: [...(one.env ?? []), { name: 'MIN_REPLICAS', value: String(count) }],
  }));
  await ctx.patch(ref, { spec: { template: { spec: { containers } } } });
  await ctx.until(
    `every member of ${ref.name} to run with ${count} replicas at least`,
    () => inForce(ctx, count),
    {
      timeoutMs: ROLLED_OUT_MS,
      everyMs: 1000,
    },
  );
}

async function inForce(ctx: ControlContext, count: number): Promise<true | null> {
  const asked = (await membersOf(ctx)).map((end) =>
    ask(ctx, end, ['CONFIG', 'GET', 'min-replicas-to-write']),
  );
  const seen = await Promise.all(asked);
  const all = seen.length === declaredStore(ctx, 'redis').members;
  return all && seen.every((pair) => Array.isArray(pair) && pair[1] === String(count)) ? true : null;
}
