/** Redis under Sentinel. */
import { waitFor } from '../../../../host/wait.ts';
import { REDIS } from '../../images/debian/debian-stores.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { replicasOf } from '../applied.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { part, type Applied } from '../part.ts';

const NAME = 'redis';
const SENTINEL = 'redis-sentinel';

export const REDIS_IMAGE: ImageRecipe = {
  name: 'redis',
  tag: { version: '7.0' },
  layers: [base, { kind: 'debian', recipe: REDIS }],
  run: { entrypoint: ['redis-server'], user: NONROOT },
};

export const store = part({
  name: NAME,
  images: [REDIS_IMAGE],
  passwords: ['redis', 'sentinel'],
  works: sentinelsKnowAll,
});

/** A Sentinel looks for new replicas every 10 s. */
const KNOWN_DEADLINE_MS = 60_000;

/**
 * Waits until every Sentinel knows all replicas and could have a failover agreed on.
 * @throws DeadlineError with what a Sentinel said last
 */
async function sentinelsKnowAll(context: PlatformContext, { objects }: Applied): Promise<void> {
  const sentinels = replicasOf(objects, 'StatefulSet', SENTINEL);
  const replicas = replicasOf(objects, 'StatefulSet', NAME) - 1;
  for (let at = 0; at < sentinels; at++) {
    const pod = `${SENTINEL}-${String(at)}`;
    await waitFor(async () => await knowsAll(context, pod, { replicas, sentinels }), {
      what: `${pod} in ${context.instance} to know a master with ${String(replicas)} replicas`,
      deadlineMs: KNOWN_DEADLINE_MS,
      intervalMs: 500,
      signal: context.signal,
      next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} logs ${pod}`,
    });
  }
}

const ASK = `export REDISCLI_AUTH=$SENTINEL_PASSWORD
redis-cli -p 26379 --raw sentinel master tender
redis-cli -p 26379 --raw sentinel ckquorum tender`;

/** Throws while it does not. */
async function knowsAll(
  context: PlatformContext,
  pod: string,
  all: { replicas: number; sentinels: number },
): Promise<true> {
  const text = await context.kubectl(['exec', '-n', TENDER, pod, '--', 'sh', '-c', ASK], {
    timeoutMs: 10_000,
  });
  const lines = text.trim().split('\n');
  const value = (name: string): string => lines[lines.indexOf(name) + 1] ?? '';
  const seen = `flags ${value('flags')}, ${value('num-slaves')} replicas, ${lines.at(-1) ?? ''}`;
  const replicas = Number(value('num-slaves'));
  const usable = (lines.at(-1) ?? '').startsWith(`OK ${String(all.sentinels)} usable`);
  if (value('flags') !== 'master' || replicas < all.replicas || !usable) throw new Error(seen);
  return true;
}
