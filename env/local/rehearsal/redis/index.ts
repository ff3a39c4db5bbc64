/** Redis with a Sentinel in the pod of each member, over TLS alone. */
import { waitFor } from '../../../../host/wait.ts';
import { replicasOf } from '../../platform/applied.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { part, type Applied } from '../../platform/part.ts';
import { REDIS_IMAGE } from '../../platform/redis/index.ts';
import { storeCertificate } from '../store-certificate.ts';

const NAME = 'kv';
const NAMESPACE = 'caches';
const DOMAIN = `${NAME}.${NAMESPACE}.svc.cluster.local`;
const certificate = storeCertificate(NAME, {
  authority: 'caches authority',
  names: [DOMAIN, ...[0, 1, 2].map((at) => `${NAME}-${String(at)}.${DOMAIN}`)],
  addresses: [],
});

export const store = part({
  name: 'redis',
  images: [REDIS_IMAGE],
  passwords: ['redisCanary', 'sentinelCanary', 'redisReplica', 'redisWatcher'],
  objects: (context, secrets) => certificate.objects(context, secrets, { folder: import.meta.dirname }),
  prepare: certificate.ensure,
  works: sentinelsKnowAll,
});

/** A Sentinel looks for new replicas every 10 s. */
const KNOWN_DEADLINE_MS = 60_000;

/**
 * Waits until the Sentinel of each knows both replicas and could have a failover agreed on.
 * @throws DeadlineError with what a Sentinel said last
 */
async function sentinelsKnowAll(context: PlatformContext, { objects }: Applied): Promise<void> {
  const members = replicasOf(objects, 'StatefulSet', NAME);
  for (let at = 0; at < members; at++) {
    const pod = `${NAME}-${String(at)}`;
    await waitFor(async () => await knowsAll(context, pod, members), {
      what: `the Sentinel of ${pod} in ${context.instance} to know a master with ${String(members - 1)} replicas`,
      deadlineMs: KNOWN_DEADLINE_MS,
      intervalMs: 500,
      signal: context.signal,
      next: `kubectl --kubeconfig ${context.kubeconfig} -n ${NAMESPACE} logs ${pod} -c watcher`,
    });
  }
}

const ASK = `. /etc/kv/ask.sh
ask 127.0.0.1 26379 sentinel master kv
ask 127.0.0.1 26379 sentinel ckquorum kv`;

/** Throws with what the Sentinel says while it does not. */
async function knowsAll(context: PlatformContext, pod: string, members: number): Promise<true> {
  const argv = ['exec', '-n', NAMESPACE, pod, '-c', 'watcher', '--', 'sh', '-c', ASK];
  const lines = (await context.kubectl(argv, { timeoutMs: 10_000 })).trim().split('\n');
  const value = (name: string): string => lines[lines.indexOf(name) + 1] ?? '';
  const quorum = lines.at(-1) ?? '';
  const complete = Number(value('num-slaves')) === members - 1;
  const agreed = quorum.startsWith(`OK ${String(members)} usable`);
  if (value('flags') === 'master' && complete && agreed) return true;
  throw new Error(`flags ${value('flags')}, ${value('num-slaves')} replicas, ${quorum}`);
}
