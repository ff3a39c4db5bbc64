/** Redis under Sentinel. */
import { waitFor } from '../../../../host/wait.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { waitRollout } from '../rollout.ts';

const NAME = 'redis';
const SENTINEL = 'redis-sentinel';
const MEMBERS = 3;

const READY_DEADLINE_MS = 180_000;
/** A Sentinel looks for new replicas every 10 s. */
const KNOWN_DEADLINE_MS = 60_000;

/**
 * Waits for all members and Sentinels, and until every Sentinel knows all replicas and could have a failover agreed on.
 * @throws DeadlineError with what a Sentinel said last
 */
export async function waitRedis(context: PlatformContext): Promise<void> {
  for (const name of [NAME, SENTINEL]) {
    await waitRollout(context, {
      namespace: TENDER,
      workload: `statefulset/${name}`,
      deadlineMs: READY_DEADLINE_MS,
    });
  }
  for (let at = 0; at < MEMBERS; at++) {
    await waitFor(async () => await knowsAll(context, `${SENTINEL}-${String(at)}`), {
      what: `${SENTINEL}-${String(at)} in ${context.instance} to know a master with ${String(MEMBERS - 1)} replicas`,
      deadlineMs: KNOWN_DEADLINE_MS,
      intervalMs: 500,
      signal: context.signal,
      next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} logs ${SENTINEL}-${String(at)}`,
    });
  }
}

const ASK = `export REDISCLI_AUTH=$SENTINEL_PASSWORD
redis-cli -p 26379 --raw sentinel master tender
redis-cli -p 26379 --raw sentinel ckquorum tender`;

/** Throws while it does not. */
async function knowsAll(context: PlatformContext, pod: string): Promise<true> {
  const text = await context.kubectl(['exec', '-n', TENDER, pod, '--', 'sh', '-c', ASK], {
    timeoutMs: 10_000,
  });
  const lines = text.trim().split('\n');
  const value = (name: string): string => lines[lines.indexOf(name) + 1] ?? '';
  const seen = `flags ${value('flags')}, ${value('num-slaves')} replicas, ${lines.at(-1) ?? ''}`;
  const replicas = Number(value('num-slaves'));
  const usable = (lines.at(-1) ?? '').startsWith(`OK ${String(MEMBERS)} usable`);
  if (value('flags') !== 'master' || replicas < MEMBERS - 1 || !usable) throw new Error(seen);
  return true;
}
