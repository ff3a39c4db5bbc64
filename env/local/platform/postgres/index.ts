/** PostgreSQL under Patroni. */
import { waitFor } from '../../../../host/wait.ts';
import { POSTGRES, POSTGRES_USER } from '../../images/debian/debian-recipes.ts';
import { base } from '../../images/recipes.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { part } from '../part.ts';

const NAME = 'postgres';

export const store = part({
  name: NAME,
  images: [
    {
      name: 'postgres',
      tag: { version: '15' },
      layers: [base, { kind: 'debian', recipe: POSTGRES }],
      run: {
        entrypoint: ['python3', '-m', 'patroni'],
        user: `${String(POSTGRES_USER)}:${String(POSTGRES_USER)}`,
        workdir: '/var/lib/postgresql',
        env: {
          PATH: '/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin',
          LANG: 'C.UTF-8',
          HOME: '/var/lib/postgresql',
          PYTHONUNBUFFERED: '1',
        },
      },
    },
  ],
  passwords: ['superuser', 'replication', 'rewind', 'restapi', 'tender', 'plumbline'],
  works: hasPair,
});

/**
 * Waits for a leader and a synchronous replica.
 * @throws DeadlineError with what Patroni last published
 */
async function hasPair(context: PlatformContext): Promise<void> {
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
