/** Reaches Redis independently of the harness: reads and changes the canary's lists from a shell in the members. */
import type { Stores } from '../../../../env/schema.ts';
import { declaredStore } from '../../../_breaking/accounts.ts';
import { memberPods, memberSetRef, serverIn } from '../../../_breaking/members.ts';
import type { ControlContext } from '../../../harness/control.ts';
import type { StoredWrite } from './every-store.ts';

const KEYS = 'plumbline:canary:*';
/** The password comes from the container's own environment: it is on no command line. */
const REDIS_CLI = 'REDISCLI_AUTH=$REDIS_PASSWORD exec redis-cli --raw "$@"';

export function declaredRedis(ctx: ControlContext): NonNullable<Stores['redis']> {
  return declaredStore(ctx, 'redis');
}

/** @throws Error with redis-cli's words */
async function redisCli(ctx: ControlContext, pod: string, args: readonly string[]): Promise<string> {
  const argv = ['sh', '-c', REDIS_CLI, 'redis-cli', ...args];
  const { code, stdout, stderr } = await ctx.exec(serverIn(ctx, 'redis', pod), argv);
  if (code !== 0) throw new Error(`redis-cli in ${pod}: exit ${code}: ${stderr.trim().slice(0, 300)}`);
  return stdout.trim();
}

/** The member that says of itself that it is the master; null while none does, or two do. */
async function master(ctx: ControlContext): Promise<string | null> {
  const names = (await memberPods(ctx, 'redis')).map(({ metadata }) => metadata.name);
  const roles = await Promise.all(
    names.map(async (name) => ({ name, role: await redisCli(ctx, name, ['ROLE']).catch(() => '') })),
  );
  const masters = roles.filter(({ role }) => role.startsWith('master'));
  return masters.length === 1 ? (masters[0]?.name ?? null) : null;
}

async function onMaster(ctx: ControlContext, args: readonly string[]): Promise<string> {
  const name = await master(ctx);
  if (name === null) throw new Error('Redis has no single master to ask');
  return redisCli(ctx, name, args);
}

/**
 * Key and last element of the newest list: the one that expires last, since all get the same lifetime when created. Only a master
 * answers. It is one call for any number of lists, so that the control hardly burdens the server under test.
 */
export const NEWEST = `
if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then return {} end
local newest, longest, cursor = false, -2, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local left = redis.call('PTTL', key)
    if left > longest then newest, longest = key, left end
  end
until cursor == '0'
if not newest then return {'none'} end
return {newest, redis.call('LINDEX', newest, -1)}`;

/** Null while there is no list, or no single master. */
export async function newestWrite(ctx: ControlContext): Promise<StoredWrite | null> {
  const names = (await memberPods(ctx, 'redis')).map(({ metadata }) => metadata.name);
  const answers = await Promise.all(
    names.map((name) => redisCli(ctx, name, ['EVAL', NEWEST, '0', KEYS]).catch(() => '')),
  );
  const [ofMaster, ...others] = answers.filter((answer) => answer !== '');
  if (ofMaster === undefined || others.length > 0) return null;
  const [key = '', last] = ofMaster.split('\n');
  if (!key.startsWith(keyOf(''))) return null;
  return { run: key.slice(keyOf('').length), n: Number.isInteger(Number(last)) ? Number(last) : 0 };
}

const keyOf = (run: string): string => `${KEYS.slice(0, -1)}${run}`;

/** Replicas follow: what is taken out of the master's list is gone everywhere. */
export async function removeWrite(ctx: ControlContext, { run, n }: StoredWrite): Promise<void> {
  const removed = await onMaster(ctx, ['LREM', keyOf(run), '0', String(n)]);
  if (removed !== '1') throw new Error(`expected write ${n} once in ${run}, LREM removed ${removed}`);
}

export async function doubleWrite(ctx: ControlContext, { run, n }: StoredWrite): Promise<void> {
  const at = await onMaster(ctx, ['LPOS', keyOf(run), String(n), 'COUNT', '0']);
  if (!/^\d+$/.test(at)) throw new Error(`expected write ${n} once in ${run}, found at: ${at || 'nowhere'}`);
  await onMaster(ctx, ['RPUSH', keyOf(run), String(n)]);
}

/** How many different numbers the master has of a run. */
export async function countOf(ctx: ControlContext, run: string): Promise<number> {
  const all = (await onMaster(ctx, ['LRANGE', keyOf(run), '0', '-1'])).split('\n');
  return new Set(all.filter((element) => /^\d+$/.test(element))).size;
}

const ROLLED_OUT_MS = 300_000;

/** Restarts every member with another minimum of replicas for writes; restored like any other field. */
export async function restartWithMinReplicas(ctx: ControlContext, count: number): Promise<void> {
  const ref = memberSetRef(ctx, 'redis');
  const found = await ctx.get(ref);
  if (found === null) throw new Error(`no StatefulSet ${ref.name}`);
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
  const members = await memberPods(ctx, 'redis');
  const values = await Promise.all(
    members.map(({ metadata }) =>
      redisCli(ctx, metadata.name, ['CONFIG', 'GET', 'min-replicas-to-write']).catch(() => ''),
    ),
  );
  const all = members.length === declaredRedis(ctx).members;
  return all && values.every((value) => value.endsWith(`\n${count}`)) ? true : null;
}
