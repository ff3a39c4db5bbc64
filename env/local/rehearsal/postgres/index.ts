/** PostgreSQL 15 under repmgr: a StatefulSet a member, and PgBouncer, which leads to the primary. */
import { waitFor } from '../../../../host/wait.ts';
import { POSTGRES_USER } from '../../images/debian/debian-recipes.ts';
import { PGBOUNCER, REPMGR } from '../../images/debian/debian-rehearsal.ts';
import { base, NONROOT } from '../../images/recipes.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';
import { storeCertificate } from '../store-certificate.ts';

const NAMESPACE = 'databases';
const POOLER = 'pg-pooler';
/** Numbers and names as repmgr knows the members, and the last number of the address of each. The workloads and pods have a hyphen where these have an underscore. */
const MEMBERS = ['a', 'b', 'c'].map((letter, at) => ({
  name: `pg-${letter}`,
  node: `pg_${letter}`,
  id: String(at + 1),
  address: String(37 + at),
}));
const DOMAIN = `${NAMESPACE}.svc.cluster.local`;
/** Of the servers and the pooler: whoever asks them trusts its authority. */
export const certificate = storeCertificate('pg', {
  authority: 'databases authority',
  names: [
    `pg.${DOMAIN}`,
    `${POOLER}.${DOMAIN}`,
    POOLER,
    ...MEMBERS.map(({ name }) => `${name}-0.pg.${DOMAIN}`),
  ],
  addresses: [],
});

export const store = part({
  name: 'postgres',
  images: [
    {
      name: 'pg-repmgr',
      tag: { version: '15' },
      layers: [base, { kind: 'debian', recipe: REPMGR }],
      run: {
        entrypoint: ['sh'],
        user: `${String(POSTGRES_USER)}:${String(POSTGRES_USER)}`,
        env: { PATH: '/usr/lib/postgresql/15/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/tmp' },
      },
    },
    {
      name: 'pgbouncer',
      tag: { version: '1.18' },
      layers: [base, { kind: 'debian', recipe: PGBOUNCER }],
      run: { entrypoint: ['pgbouncer'], user: NONROOT },
    },
  ],
  // `bids`: that of the application, whose account is made with the data.
  passwords: ['repmgr', 'pooler', 'plumbline', 'bids'],
  objects: (context, secrets) => {
    const values = certificate.values(context);
    const folder = import.meta.dirname;
    return [
      ...render(context, secrets, { folder, values, plain: true }),
      ...MEMBERS.flatMap((member) =>
        render(context, secrets, { folder, files: ['member.yaml'], values: member, plain: true }),
      ),
    ];
  },
  prepare: certificate.ensure,
  works: leadsToPrimary,
});

/**
 * Waits for one primary that both others follow as synchronous candidates, and for the way through the pooler.
 * @throws DeadlineError with what the members or the pooler said last
 */
async function leadsToPrimary(context: PlatformContext): Promise<void> {
  const look = { deadlineMs: 60_000, intervalMs: 500, signal: context.signal };
  const exec = `exec -n ${NAMESPACE} deployment/${POOLER} -c watch --`;
  await waitFor(async () => await onePrimary(context), {
    ...look,
    what: `one primary with two synchronous candidates in ${NAMESPACE} of ${context.instance}`,
    next: `kubectl --kubeconfig ${context.kubeconfig} ${exec} sh /etc/pg/members.sh`,
  });
  await waitFor(async () => await throughPooler(context), {
    ...look,
    what: `the primary to answer through ${POOLER} in ${NAMESPACE} of ${context.instance}`,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${NAMESPACE} logs deployment/${POOLER} --all-containers`,
  });
}

async function inWatch(context: PlatformContext, command: string): Promise<string> {
  const argv = ['exec', '-n', NAMESPACE, `deployment/${POOLER}`, '-c', 'watch', '--', 'sh', '-c', command];
  return (await context.kubectl(argv, { timeoutMs: 15_000 })).trim();
}

/** Throws with what the members say of themselves while it is anything else. */
async function onePrimary(context: PlatformContext): Promise<true> {
  const said = await inWatch(context, 'sh /etc/pg/members.sh');
  const roles = said.split('\n').map((line) => line.split(' '));
  const candidates = roles.filter(([, role]) => role === 'primary').map((words) => words[3]);
  const replicas = roles.filter(([, role]) => role === 'replica').length;
  if (candidates.length === 1 && candidates[0] === '2' && replicas === 2) return true;
  throw new Error(said.replaceAll('\n', '; '));
}

/** As a client does it, with the account of the canaries. */
async function throughPooler(context: PlatformContext): Promise<true> {
  const at = 'host=127.0.0.1 port=6432 dbname=plumbline user=plumbline sslmode=require';
  const said = await inWatch(
    context,
    `PGPASSWORD=$PLUMBLINE_PASSWORD timeout 5 psql '${at}' -XAtc 'select 1'`,
  );
  if (said !== '1') throw new Error(`it answers "${said}"`);
  return true;
}
