/** The reference backend: a Deployment that scales by CPU between two and five pods. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import {
  disruptionBudget,
  evenSpread,
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
import { CREDENTIALS } from '../postgres/index.ts';
import { podsService } from '../prometheus/services.ts';
import { SCOPE } from '../postgres/patroni.ts';
import { APPLICATION_VHOST, AMQP_PORT } from '../rabbitmq/config.ts';
import { MASTER, SENTINEL_PORT } from '../redis/config.ts';
import { waitRollout } from '../rollout.ts';
import { telemetryEnvironment } from '../telemetry-environment.ts';

export const TENDER_API = 'tender-api';
export const TENDER_API_PORT = 8080;
const MIN_PODS = 2;
const MAX_PODS = 5;
/**
 * What a request costs, traced or not, decides when the autoscaler acts: it wants more than two pods for `scaling.highPerSecond`, not for
 * `requestsPerSecond`, and fewer than there may be. Measured on two cores: 0.3 to 0.4 m of CPU for one a second, 0.8 to 0.9 m traced; 7 m at rest.
 */
const CPU_REQUEST = { plain: '36m', traced: '70m' } as const;
const CPU_TARGET_PERCENT = 70;
/** How long the stub of the language model takes to answer, ms. */
const LLM_DELAY_MS = 200;

const secretEnv = (name: string, secret: string, key: string): unknown => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** Where tenders go once they are stored; nowhere without the AI service. */
function handoverEnvironment(context: PlatformContext): unknown[] {
  if (!context.with.includes('ai')) return [];
  return [
    { name: 'HANDS_OVER', value: 'on' },
    { name: 'REDIS_SENTINEL', value: `redis-sentinel:${String(SENTINEL_PORT)}` },
    { name: 'REDIS_MASTER', value: MASTER },
    secretEnv('REDIS_PASSWORD', 'redis-credentials', 'redis'),
    secretEnv('REDIS_SENTINEL_PASSWORD', 'redis-credentials', 'sentinel'),
    { name: 'RABBITMQ_ADDRESS', value: `rabbitmq:${String(AMQP_PORT)}` },
    { name: 'RABBITMQ_VHOST', value: APPLICATION_VHOST },
    { name: 'RABBITMQ_USER', value: 'tender' },
    secretEnv('RABBITMQ_PASSWORD', 'rabbitmq-credentials', 'tender'),
  ];
}

function container(context: PlatformContext): unknown {
  return {
    name: TENDER_API,
    image: imageOf(context.images, TENDER_API).pinned,
    env: [
      { name: 'PORT', value: String(TENDER_API_PORT) },
      { name: 'PRIMARY_HOST', value: SCOPE },
      { name: 'REPLICA_HOST', value: 'postgres-replica' },
      { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: CREDENTIALS, key: 'tender' } } },
      { name: 'LLM_DELAY_MS', value: String(LLM_DELAY_MS) },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ...handoverEnvironment(context),
      ...telemetryEnvironment(context),
    ],
    ports: [{ name: 'http', containerPort: TENDER_API_PORT }],
    readinessProbe: httpProbe('/readyz', 'http', { failureThreshold: 2 }),
    livenessProbe: httpProbe('/healthz', 'http', { periodSeconds: 5, timeoutSeconds: 2 }),
    // Time for every node to learn that the pod leaves its Service, before the server stops accepting.
    lifecycle: { preStop: { sleep: { seconds: 3 } } },
    resources: resources({
      cpuRequest: CPU_REQUEST[context.with.includes('telemetry') ? 'traced' : 'plain'],
      cpuLimit: '500m',
      memoryRequest: '64Mi',
      memoryLimit: '192Mi',
    }),
    securityContext: NO_RIGHTS,
  };
}

function autoscaler(): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(TENDER_API, TENDER),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: TENDER_API },
      minReplicas: MIN_PODS,
      maxReplicas: MAX_PODS,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_TARGET_PERCENT } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
  };
}

/** Every object of the backend. */
export function tenderApiObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(TENDER_API, TENDER),
    service(TENDER_API, TENDER, [{ name: 'http', port: TENDER_API_PORT, targetPort: 'http' }]),
    podsService(TENDER_API),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(TENDER_API, TENDER),
      spec: {
        replicas: MIN_PODS,
        selector: { matchLabels: selector(TENDER_API) },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: labels(TENDER_API) },
          spec: {
            serviceAccountName: TENDER_API,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 20,
            securityContext: podSecurity(APP_USER),
            topologySpreadConstraints: evenSpread(TENDER_API),
            containers: [container(context)],
          },
        },
      },
    },
    autoscaler(),
    disruptionBudget(TENDER_API, TENDER, MIN_PODS - 1),
  ];
}

const READY_DEADLINE_MS = 120_000; // it becomes ready a second after its database

/** Waits until the pods have made their tables and answer. */
export async function waitTenderApi(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: `deployment/${TENDER_API}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
