/** Neo4j Community: one member, since that edition has no clustering; what it holds is on a volume of its own. */
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
  resources,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import {
  AUTH_FILE,
  authLine,
  BOLT_PORT,
  CONFIG,
  DATA,
  HTTP_PORT,
  NEO4J_CONF,
  SERVER_LOGS,
  START,
  USER_LOGS,
} from './config.ts';

const NAME = 'neo4j';
const USER = 'neo4j';
const CREDENTIALS = `${NAME}-credentials`;
const AUTH = `${NAME}-auth`;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.70';
const PORTS = [
  { name: 'bolt', port: BOLT_PORT, targetPort: 'bolt' },
  { name: 'http', port: HTTP_PORT, targetPort: 'http' },
];

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    command: ['sh', `${CONFIG}/start.sh`],
    ports: [
      { name: 'bolt', containerPort: BOLT_PORT },
      { name: 'http', containerPort: HTTP_PORT },
    ],
    // Its HTTP side opens last and is served by the same process: a port that accepts says nothing of a server that is frozen.
    startupProbe: httpProbe('/', 'http', { failureThreshold: 120 }),
    readinessProbe: httpProbe('/', 'http'),
    // Nobody takes over from one member, so that one that hangs is started anew within half a minute, without asking it to stop.
    livenessProbe: httpProbe('/', 'http', {
      periodSeconds: 5,
      timeoutSeconds: 3,
      failureThreshold: 5,
      terminationGracePeriodSeconds: 2,
    }),
    resources: resources({ cpuRequest: '200m', cpuLimit: '2', memoryRequest: '448Mi', memoryLimit: '704Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'config', mountPath: CONFIG },
      { name: 'auth', mountPath: AUTH_FILE, subPath: 'auth.ini', readOnly: true },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

function statefulSet(image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, TENDER),
    spec: {
      replicas: 1,
      serviceName: `${NAME}-members`,
      selector: { matchLabels: selector(NAME) },
      template: {
        metadata: { labels: labels(NAME) },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false, // their variables would be taken for settings
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(APP_USER),
          containers: [container(image)],
          volumes: [
            { name: 'config', configMap: { name: `${NAME}-config` } },
            { name: 'auth', secret: { secretName: AUTH, defaultMode: 0o440 } },
            { name: 'scratch', emptyDir: { sizeLimit: '128Mi' } },
          ],
        },
      },
      volumeClaimTemplates: [dataClaim(NAME)],
    },
  };
}

function secret(name: string, stringData: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(name, TENDER, NAME),
    type: 'Opaque',
    stringData,
  };
}

/** Every object of the store. */
export function neo4jObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    serviceAccount(NAME, TENDER),
    secret(CREDENTIALS, { neo4j: secrets.neo4j }),
    secret(AUTH, { 'auth.ini': authLine(USER, secrets.neo4j) }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-config`, TENDER, NAME),
      data: {
        'neo4j.conf': NEO4J_CONF,
        'user-logs.xml': USER_LOGS,
        'server-logs.xml': SERVER_LOGS,
        'start.sh': START,
      },
    },
    service(NAME, TENDER, PORTS, {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    service(`${NAME}-members`, TENDER, PORTS, { clusterIP: 'None', selector: selector(NAME) }),
    statefulSet(imageOf(context.images, NAME).pinned),
    // One member: an eviction may take it, since nothing else would ever let its node be drained.
    disruptionBudget(NAME, TENDER, 0),
  ];
}

const READY_DEADLINE_MS = 240_000; // 8 s on an idle machine, a minute where every store starts at once

/** Waits for the member. @throws when it is not ready before the deadline */
export async function waitNeo4j(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: `statefulset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
