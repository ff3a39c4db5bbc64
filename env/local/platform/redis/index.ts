/** Redis: three members, and three Sentinels that choose the master and tell applications where it is. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { waitFor } from '../../../../host/wait.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import {
  dataClaim,
  disruptionBudget,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  requiredSpread,
  resources,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { DATA, MASTER, memberScript, REDIS_PORT, SENTINEL_PORT, sentinelScript } from './config.ts';
import type { Addresses } from './config.ts';

const NAME = 'redis';
const SENTINEL = 'redis-sentinel';
const MEMBERS = 3;
const CREDENTIALS = `${NAME}-credentials`;
const SCRIPTS = `${NAME}-scripts`;
/** Fixed addresses in the service block, as last octets of `128`; environment files name them. */
const SENTINEL_SERVICE = 40;
const FIRST_MEMBER = 41;
const FIRST_SENTINEL = 44;

const ordinals = Array.from({ length: MEMBERS }, (_, at) => at);

function addressesIn({ addresses: { block } }: PlatformContext): Addresses {
  const from = (first: number): string[] => ordinals.map((at) => `${block}.128.${String(first + at)}`);
  return { members: from(FIRST_MEMBER), sentinels: from(FIRST_SENTINEL) };
}

const secretEnv = (name: string, key: string): unknown => ({
  name,
  valueFrom: { secretKeyRef: { name: CREDENTIALS, key } },
});

/** A kind of pod: what differs between a member and a Sentinel. */
interface Kind {
  readonly name: string;
  readonly port: number;
  readonly portName: string;
  readonly script: string;
  readonly memory: string;
  readonly startup?: unknown;
}

/** A member may wait to be replaced before it starts; once it answers, the data is loaded. */
const ANSWERS = {
  exec: { command: ['sh', '-c', 'REDISCLI_AUTH=$REDIS_PASSWORD redis-cli ping | grep -q PONG'] },
  periodSeconds: 1,
  timeoutSeconds: 2,
  failureThreshold: 120,
};

const MEMBER: Kind = {
  name: NAME,
  port: REDIS_PORT,
  portName: 'redis',
  script: 'redis.sh',
  memory: '256Mi',
  startup: ANSWERS,
};
const WATCHER: Kind = {
  name: SENTINEL,
  port: SENTINEL_PORT,
  portName: 'sentinel',
  script: 'sentinel.sh',
  memory: '64Mi',
};

/** Connecting costs no process. Whether a member really works is the Sentinels' business: they ask every second. */
function connects(kind: Kind, given: Readonly<Record<string, number>>): unknown {
  return { tcpSocket: { port: kind.portName }, timeoutSeconds: 1, ...given };
}

function container(kind: Kind, image: string): unknown {
  return {
    name: kind.name,
    image,
    command: ['sh', `/scripts/${kind.script}`],
    env: [secretEnv('REDIS_PASSWORD', 'redis'), secretEnv('SENTINEL_PASSWORD', 'sentinel')],
    ports: [{ name: kind.portName, containerPort: kind.port }],
    ...(kind.startup !== undefined && { startupProbe: kind.startup }),
    readinessProbe: connects(kind, { periodSeconds: 2, failureThreshold: 2 }),
    livenessProbe: connects(kind, { periodSeconds: 10, failureThreshold: 6 }),
    resources: resources({
      cpuRequest: '20m',
      cpuLimit: '500m',
      memoryRequest: '32Mi',
      memoryLimit: kind.memory,
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'scripts', mountPath: '/scripts', readOnly: true },
    ],
  };
}

function statefulSet(kind: Kind, image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(kind.name, TENDER),
    spec: {
      replicas: MEMBERS,
      serviceName: `${kind.name}-members`,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: selector(kind.name) },
      template: {
        metadata: { labels: labels(kind.name) },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(APP_USER),
          affinity: requiredSpread(kind.name),
          containers: [container(kind, image)],
          volumes: [{ name: 'scripts', configMap: { name: SCRIPTS, defaultMode: 0o555 } }],
        },
      },
      volumeClaimTemplates: [dataClaim(kind.name)],
    },
  };
}

/**
 * One Service a pod, whose address stays when the pod gets another one. Also while it is not ready: a member that starts must be
 * reachable for the others to count it in.
 */
function podServices(kind: Kind, clusterIPs: readonly string[]): KubeObject[] {
  const ports = [{ name: kind.portName, port: kind.port }];
  return clusterIPs.map((clusterIP, at) =>
    service(`${kind.name}-${String(at)}`, TENDER, ports, {
      clusterIP,
      publishNotReadyAddresses: true,
      selector: {
        ...selector(kind.name),
        'statefulset.kubernetes.io/pod-name': `${kind.name}-${String(at)}`,
      },
    }),
  );
}

/** Every object of the store. */
export function redisObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const addresses = addressesIn(context);
  const image = imageOf(context.images, NAME).pinned;
  const headless = ({ name, port, portName }: Kind): KubeObject =>
    service(`${name}-members`, TENDER, [{ name: portName, port }], {
      clusterIP: 'None',
      selector: selector(name),
    });
  return [
    serviceAccount(NAME, TENDER),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(CREDENTIALS, TENDER, NAME),
      type: 'Opaque',
      stringData: { redis: secrets.redis, sentinel: secrets.sentinel },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(SCRIPTS, TENDER, NAME),
      data: { [MEMBER.script]: memberScript(addresses), [WATCHER.script]: sentinelScript(addresses) },
    },
    service(SENTINEL, TENDER, [{ name: WATCHER.portName, port: SENTINEL_PORT }], {
      clusterIP: `${context.addresses.block}.128.${String(SENTINEL_SERVICE)}`,
      selector: selector(SENTINEL),
    }),
    headless(MEMBER),
    headless(WATCHER),
    ...podServices(MEMBER, addresses.members),
    ...podServices(WATCHER, addresses.sentinels),
    statefulSet(MEMBER, image),
    statefulSet(WATCHER, image),
    disruptionBudget(NAME, TENDER, MEMBERS - 1),
    disruptionBudget(SENTINEL, TENDER, MEMBERS - 1),
  ];
}

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
  for (const at of ordinals) {
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
redis-cli -p ${String(SENTINEL_PORT)} --raw sentinel master ${MASTER}
redis-cli -p ${String(SENTINEL_PORT)} --raw sentinel ckquorum ${MASTER}`;

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
