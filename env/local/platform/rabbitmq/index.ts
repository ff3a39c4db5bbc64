/** RabbitMQ: three members, quorum queues, one Service for clients. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
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
import { isScraped, podsService } from '../prometheus/services.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import {
  ADDRESS,
  ALIVE,
  AMQP_PORT,
  CONFIG,
  CREDENTIALS_FOLDER,
  DATA,
  definitions,
  DISTRIBUTION_PORT,
  enabledPlugins,
  ENVIRONMENT,
  EPMD_PORT,
  HEADLESS,
  HOME,
  MANAGEMENT_PORT,
  METRICS_PORT,
  NAME,
  RABBITMQ_CONF,
  START,
} from './config.ts';
import { ensureQueue } from './queue.ts';

const MEMBERS = 3;
const CREDENTIALS = `${NAME}-credentials`;

function container(image: string, metrics: boolean): unknown {
  return {
    name: NAME,
    image,
    command: ['sh', `${CONFIG}/start.sh`],
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, ...ENVIRONMENT],
    ports: [
      { name: 'amqp', containerPort: AMQP_PORT },
      { name: 'management', containerPort: MANAGEMENT_PORT },
      ...(metrics ? [{ name: 'metrics', containerPort: METRICS_PORT }] : []),
      { name: 'epmd', containerPort: EPMD_PORT },
      { name: 'distribution', containerPort: DISTRIBUTION_PORT },
    ],
    // Over HTTP, from outside the container: the port of a frozen one goes on accepting, and does not answer. The
    // management listener opens with the last steps of a start, and closes when the server stops or pauses.
    readinessProbe: httpProbe('/', 'management', { timeoutSeconds: 2, successThreshold: 2 }),
    // A start takes 10 to 25 s, twice that on a busy machine. Some after a crash never end (three of ninety seen): they wait in `global:sync` for
    // peers, and what 3.10.8 does about that (it tells `global` of a node that went and came) Erlang 25 takes for an unexpected message
    // (one seen by rabbit_diagnostics:maybe_stuck). They are begun again after a minute and a half.
    startupProbe: httpProbe('/', 'management', { failureThreshold: 45 }),
    // Two minutes: a partition and its healing take less where all goes well.
    livenessProbe: {
      exec: { command: ['sh', `${CONFIG}/alive.sh`] },
      periodSeconds: 20,
      timeoutSeconds: 10,
      failureThreshold: 6,
    },
    resources: resources({ cpuRequest: '100m', cpuLimit: '1', memoryRequest: '192Mi', memoryLimit: '512Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'config', mountPath: CONFIG },
      { name: 'credentials', mountPath: CREDENTIALS_FOLDER },
      { name: 'home', mountPath: HOME },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

function statefulSet(image: string, metrics: boolean): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, TENDER),
    spec: {
      replicas: MEMBERS,
      serviceName: HEADLESS,
      // After all of them stopped, the one that stopped last must come first, whichever it is: all start and wait for it.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: selector(NAME) },
      template: {
        metadata: { labels: labels(NAME) },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: true, // for the discovery of the others
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(APP_USER),
          affinity: requiredSpread(NAME),
          containers: [container(image, metrics)],
          volumes: [
            { name: 'config', configMap: { name: `${NAME}-config`, defaultMode: 0o555 } },
            { name: 'credentials', secret: { secretName: CREDENTIALS, defaultMode: 0o440 } },
            { name: 'home', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            { name: 'scratch', emptyDir: { sizeLimit: '64Mi' } },
          ],
        },
      },
      volumeClaimTemplates: [dataClaim(NAME)],
    },
  };
}

/** What the discovery of peers does in the API: the members' addresses, and an Event about each that joins. */
function rights(): KubeObject[] {
  return [
    serviceAccount(NAME, TENDER),
    ...role(NAME, TENDER, [
      { apiGroups: [''], resources: ['endpoints'], resourceNames: [HEADLESS], verbs: ['get'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    ]),
  ];
}

function credentials(secrets: Secrets): KubeObject {
  const admin = secrets.rabbitmqAdmin;
  const tender = secrets.rabbitmqTender;
  const plumbline = secrets.rabbitmqPlumbline;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(CREDENTIALS, TENDER, NAME),
    type: 'Opaque',
    stringData: {
      ...{ admin, tender, plumbline, cookie: secrets.erlangCookie },
      'definitions.json': definitions({ admin, tender, plumbline }),
    },
  };
}

/** Every object of the store. */
export function rabbitmqObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const metrics = isScraped(context, NAME);
  return [
    ...rights(),
    credentials(secrets),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-config`, TENDER, NAME),
      data: {
        'rabbitmq.conf': RABBITMQ_CONF,
        enabled_plugins: enabledPlugins({ metrics }),
        'start.sh': START,
        'alive.sh': ALIVE,
      },
    },
    service(
      NAME,
      TENDER,
      [
        { name: 'amqp', port: AMQP_PORT, targetPort: 'amqp' },
        { name: 'management', port: MANAGEMENT_PORT, targetPort: 'management' },
      ],
      { clusterIP: `${context.addresses.block}.${ADDRESS}`, selector: selector(NAME) },
    ),
    // Members find each other before they are ready: only then can they become it.
    service(
      HEADLESS,
      TENDER,
      [
        { name: 'epmd', port: EPMD_PORT },
        { name: 'distribution', port: DISTRIBUTION_PORT },
      ],
      { clusterIP: 'None', publishNotReadyAddresses: true, selector: selector(NAME) },
    ),
    ...(metrics ? [podsService(NAME)] : []),
    statefulSet(imageOf(context.images, NAME).pinned, metrics),
    disruptionBudget(NAME, TENDER, MEMBERS - 1),
  ];
}

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, more than a minute where every store starts at once

/**
 * Waits for every member, then for one cluster of all of them and for the application's queue in it.
 * @throws DeadlineError with what the cluster said last
 */
export async function waitRabbitmq(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: `statefulset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  await ensureQueue(context, MEMBERS);
}
