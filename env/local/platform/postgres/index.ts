/** PostgreSQL: three members under Patroni, a Service that follows the leader and one for reads. */
import { POSTGRES_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { waitFor } from '../../../../host/wait.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import {
  dataClaim,
  disruptionBudget,
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  requiredSpread,
  resources,
  role,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { patroniConfig, POST_BOOTSTRAP, POSTGRES_PORT, REST_PORT, SCOPE } from './patroni.ts';

const NAME = 'postgres';
const MEMBERS = 3;
/** Patroni finds its members by these; it sets `role` itself, to `master` or `replica`. */
const MEMBER_LABELS = { ...selector(NAME), 'cluster-name': SCOPE };
/**
 * Fixed addresses in the service block, so that environment files can name them. They lie in the part of it that Kubernetes
 * gives out last to Services that ask for none (the first 256 of a /20).
 */
const PRIMARY_ADDRESS = '128.32';
const REPLICA_ADDRESS = '128.33';
const PORTS = [{ name: 'postgresql', port: POSTGRES_PORT }];

function secretEnv(name: string, key: keyof Secrets): unknown {
  return { name, valueFrom: { secretKeyRef: { name: CREDENTIALS, key } } };
}

function fieldEnv(name: string, fieldPath: string): unknown {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Of all the instance's passwords those of this store; a Secret holds no other store's. */
const PASSWORDS = ['superuser', 'replication', 'rewind', 'restapi', 'tender', 'plumbline'] as const;

/** The Secret with every password of the store. */
export const CREDENTIALS = 'postgres-credentials';

const ENVIRONMENT = [
  fieldEnv('PATRONI_NAME', 'metadata.name'),
  fieldEnv('PATRONI_KUBERNETES_POD_IP', 'status.podIP'),
  {
    name: 'PATRONI_POSTGRESQL_CONNECT_ADDRESS',
    value: `$(PATRONI_KUBERNETES_POD_IP):${String(POSTGRES_PORT)}`,
  },
  { name: 'PATRONI_RESTAPI_CONNECT_ADDRESS', value: `$(PATRONI_KUBERNETES_POD_IP):${String(REST_PORT)}` },
  { name: 'PATRONI_RESTAPI_USERNAME', value: 'patroni' },
  secretEnv('PATRONI_RESTAPI_PASSWORD', 'restapi'),
  { name: 'PATRONI_SUPERUSER_USERNAME', value: 'postgres' },
  secretEnv('PATRONI_SUPERUSER_PASSWORD', 'superuser'),
  { name: 'PATRONI_REPLICATION_USERNAME', value: 'replicator' },
  secretEnv('PATRONI_REPLICATION_PASSWORD', 'replication'),
  { name: 'PATRONI_REWIND_USERNAME', value: 'rewind' },
  secretEnv('PATRONI_REWIND_PASSWORD', 'rewind'),
  secretEnv('TENDER_PASSWORD', 'tender'),
  secretEnv('PLUMBLINE_PASSWORD', 'plumbline'),
];

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    args: ['/etc/patroni/patroni.yml'],
    env: ENVIRONMENT,
    ports: [
      { name: 'postgresql', containerPort: POSTGRES_PORT },
      { name: 'patroni', containerPort: REST_PORT },
    ],
    // Patroni answers for the server: ready as leader or as a running replica, alive while its loop turns.
    readinessProbe: httpProbe('/readiness', 'patroni'),
    livenessProbe: httpProbe('/liveness', 'patroni', {
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 5,
    }),
    resources: resources({ cpuRequest: '50m', cpuLimit: '1', memoryRequest: '128Mi', memoryLimit: '512Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'data', mountPath: '/var/lib/postgresql/data' },
      { name: 'config', mountPath: '/etc/patroni' },
      { name: 'scratch', mountPath: '/tmp' },
      { name: 'sockets', mountPath: '/run/postgresql' },
      { name: 'memory', mountPath: '/dev/shm' },
    ],
  };
}

function statefulSet(image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, TENDER),
    spec: {
      replicas: MEMBERS,
      serviceName: `${NAME}-members`,
      podManagementPolicy: 'Parallel', // Patroni decides who goes first
      selector: { matchLabels: MEMBER_LABELS },
      template: {
        metadata: { labels: { ...labels(NAME), ...MEMBER_LABELS } },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: true,
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(POSTGRES_USER),
          affinity: requiredSpread(NAME),
          containers: [container(image)],
          volumes: [
            { name: 'config', configMap: { name: `${NAME}-config`, defaultMode: 0o555 } },
            { name: 'scratch', emptyDir: { sizeLimit: '64Mi' } },
            { name: 'sockets', emptyDir: { sizeLimit: '1Mi' } },
            { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
          ],
        },
      },
      volumeClaimTemplates: [dataClaim(NAME)],
    },
  };
}

/** What Patroni does in the API: the lease and its like as Endpoints, the role as a label of its pod. */
function rights(): KubeObject[] {
  return [
    serviceAccount(NAME, TENDER),
    ...role(NAME, TENDER, [
      {
        apiGroups: [''],
        resources: ['endpoints'],
        verbs: ['create', 'get', 'list', 'patch', 'update', 'watch'],
      },
      { apiGroups: [''], resources: ['endpoints/restricted'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
      { apiGroups: [''], resources: ['services'], verbs: ['create'] },
    ]),
    ...role(
      NAME,
      'default',
      [{ apiGroups: [''], resources: ['endpoints'], resourceNames: ['kubernetes'], verbs: ['get'] }],
      TENDER,
    ),
  ];
}

/** Every object of the store. */
export function postgresObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    ...rights(),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(CREDENTIALS, TENDER, NAME),
      type: 'Opaque',
      stringData: Object.fromEntries(PASSWORDS.map((name) => [name, secrets[name]])),
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-config`, TENDER, NAME),
      data: { 'patroni.yml': patroniConfig(TENDER, selector(NAME)), 'post-bootstrap.sh': POST_BOOTSTRAP },
    },
    // No selector: Patroni writes the leader's address into the Endpoints of the same name, in one step with the lease.
    service(SCOPE, TENDER, PORTS, { clusterIP: `${context.addresses.block}.${PRIMARY_ADDRESS}` }),
    // Keeps the Endpoints in which Patroni stores its configuration from being cleaned up as orphans.
    service(`${SCOPE}-config`, TENDER, PORTS, { clusterIP: 'None' }),
    service('postgres-replica', TENDER, PORTS, {
      clusterIP: `${context.addresses.block}.${REPLICA_ADDRESS}`,
      selector: { ...MEMBER_LABELS, role: 'replica' },
    }),
    service(`${NAME}-members`, TENDER, PORTS, { clusterIP: 'None', selector: MEMBER_LABELS }),
    statefulSet(imageOf(context.images, NAME).pinned),
    disruptionBudget(NAME, TENDER, MEMBERS - 1),
  ];
}

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
  const text = await context.kubectl(['get', 'endpoints', `${SCOPE}-sync`, '-n', TENDER, '-o', 'json'], {
    timeoutMs: 10_000,
  });
  const { metadata: found } = JSON.parse(text) as {
    metadata: { annotations?: { leader?: string; sync_standby?: string } };
  };
  const { leader = '', sync_standby: sync = '' } = found.annotations ?? {};
  if (leader === '' || sync === '') throw new Error(`leader "${leader}", synchronous replica "${sync}"`);
  return { leader, sync };
}
