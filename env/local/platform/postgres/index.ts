/** PostgreSQL under Patroni. */
import { waitFor } from '../../../../host/wait.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { waitRollout } from '../rollout.ts';

const NAME = 'postgres';

const READY_DEADLINE_MS = 180_000; // 8 to 20 s on an idle machine; images may still have to be pulled

/**
 * Waits for all members, a leader and a synchronous replica.
 * @throws NotReadyError; DeadlineError with what Patroni last published
 */
export async function waitPostgres(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: `statefulset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  await waitFor(async () => await synchronousPair(context), {
    what: `a leader and a synchronous replica of ${NAME} in ${context.instance}`,
    deadlineMs: 60_000,
    intervalMs: 300,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} exec ${NAME}-0 -- patronictl -c /etc/patroni/patroni.yml list`,
  });
}

/** Leader and synchronous replica as Patroni publishes them; throws while there is no pair. */
async function synchronousPair(context: PlatformContext): Promise<{ leader: string; sync: string }> {
  const text = await context.kubectl(
    ['get', 'endpoints', 'postgres-primary-sync', '-n', TENDER, '-o', 'json'],
    {
      timeoutMs: 10_000,
    },
  );
  const { metadata: found } = JSON.parse(text) as {
    metadata: { annotations?: { leader?: string; sync_standby?: string } };
  };
  const { leader = '', sync_standby: sync = '' } = found.annotations ?? {};
  if (leader === '' || sync === '') throw new Error(`leader "${leader}", synchronous replica "${sync}"`);
  return { leader, sync };
}
