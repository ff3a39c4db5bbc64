/** The AI service, in Python: two to four pods that take jobs from RabbitMQ, ask the language model, and write to Elasticsearch, Neo4j and PostgreSQL. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { allSettledOrThrow } from '../../cluster/bringup.ts';
import { waitFor } from '../../../../host/wait.ts';
import { SYSTEM, TENDER, type PlatformContext } from '../context.ts';
import { HTTP_PORT as ELASTICSEARCH_PORT } from '../elasticsearch/config.ts';
import { LLM_KEY, LLM_STUB, llmStubObjects, LLM_URL } from '../llm-stub/index.ts';
import { HTTP_PORT as NEO4J_PORT } from '../neo4j/config.ts';
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
import { SCOPE } from '../postgres/patroni.ts';
import { podsService } from '../prometheus/services.ts';
import { AMQP_PORT, APPLICATION_VHOST } from '../rabbitmq/config.ts';
import { APPLICATION_QUEUE, consumersOf } from '../rabbitmq/queue.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { telemetryEnvironment } from '../telemetry-environment.ts';
import { waitApi } from '../system/index.ts';
import {
  aiAutoscaler,
  EXTERNAL_METRICS,
  EXTERNAL_METRICS_API,
  externalMetricsObjects,
  MIN_PODS,
} from './metrics.ts';
import { TENDER_AI, TENDER_AI_PORT } from './names.ts';

const secretEnv = (name: string, secret: string, key: string): unknown => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});
const valueEnv = (name: string, value: string): unknown => ({ name, value });

function environment(context: PlatformContext): unknown[] {
  return [
    valueEnv('PORT', String(TENDER_AI_PORT)),
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    valueEnv('LLM_URL', LLM_URL),
    LLM_KEY,
    valueEnv('POSTGRES_HOST', SCOPE),
    secretEnv('POSTGRES_PASSWORD', CREDENTIALS, 'tender'),
    valueEnv('RABBITMQ_HOST', 'rabbitmq'),
    valueEnv('RABBITMQ_PORT', String(AMQP_PORT)),
    valueEnv('RABBITMQ_VHOST', APPLICATION_VHOST),
    valueEnv('RABBITMQ_QUEUE', APPLICATION_QUEUE),
    valueEnv('RABBITMQ_USER', 'tender'),
    secretEnv('RABBITMQ_PASSWORD', 'rabbitmq-credentials', 'tender'),
    valueEnv('ELASTICSEARCH_URL', `http://elasticsearch:${String(ELASTICSEARCH_PORT)}`),
    secretEnv('ELASTICSEARCH_PASSWORD', 'elasticsearch-credentials', 'tender'),
    valueEnv('NEO4J_URL', `http://neo4j:${String(NEO4J_PORT)}`),
    secretEnv('NEO4J_PASSWORD', 'neo4j-credentials', 'neo4j'),
    ...telemetryEnvironment(context),
  ];
}

function container(context: PlatformContext): unknown {
  return {
    name: TENDER_AI,
    image: imageOf(context.images, TENDER_AI).pinned,
    env: environment(context),
    ports: [{ name: 'http', containerPort: TENDER_AI_PORT }],
    startupProbe: httpProbe('/healthz', 'http', { failureThreshold: 60 }),
    readinessProbe: httpProbe('/readyz', 'http', { failureThreshold: 2 }),
    livenessProbe: httpProbe('/healthz', 'http', { periodSeconds: 5, timeoutSeconds: 3 }),
    lifecycle: { preStop: { sleep: { seconds: 3 } } },
    resources: resources({
      cpuRequest: '50m',
      cpuLimit: '1',
      memoryRequest: '96Mi',
      memoryLimit: '256Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
  };
}

/** Every object of the AI service and of the model that it asks. */
export function aiObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    ...llmStubObjects(context, secrets),
    serviceAccount(TENDER_AI, TENDER),
    service(TENDER_AI, TENDER, [{ name: 'http', port: TENDER_AI_PORT, targetPort: 'http' }]),
    podsService(TENDER_AI),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(TENDER_AI, TENDER),
      spec: {
        replicas: MIN_PODS,
        selector: { matchLabels: selector(TENDER_AI) },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: labels(TENDER_AI) },
          spec: {
            serviceAccountName: TENDER_AI,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 30,
            securityContext: podSecurity(APP_USER),
            topologySpreadConstraints: evenSpread(TENDER_AI),
            containers: [container(context)],
            volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '32Mi' } }],
          },
        },
      },
    },
    aiAutoscaler(),
    disruptionBudget(TENDER_AI, TENDER, MIN_PODS - 1),
    ...externalMetricsObjects(context),
  ];
}

const READY_DEADLINE_MS = 180_000; // some 5 s on an idle machine; Python starts slowly where every store does too
const CONSUMING_DEADLINE_MS = 60_000;
const DEPLOYMENTS = [
  [TENDER, LLM_STUB],
  [TENDER, TENDER_AI],
  [SYSTEM, EXTERNAL_METRICS],
] as const;

/**
 * Waits for the pods, until the depth of the queue can be asked for, and until each of them takes jobs.
 * @throws DeadlineError with how many did
 */
export async function waitAi(context: PlatformContext): Promise<void> {
  const rollouts = DEPLOYMENTS.map(([namespace, name]) =>
    waitRollout(context, {
      namespace,
      workload: `deployment/${name}`,
      deadlineMs: READY_DEADLINE_MS,
    }),
  );
  await allSettledOrThrow(rollouts);
  await waitApi(context, `apiservice/${EXTERNAL_METRICS_API}`);
  await waitFor(async () => await enoughConsumers(context), {
    what: `${String(MIN_PODS)} pods of ${TENDER_AI} in ${context.instance} to consume the queue ${APPLICATION_QUEUE}`,
    deadlineMs: CONSUMING_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${TENDER} logs deployment/${TENDER_AI}`,
  });
}

/** Throws while there are too few. */
async function enoughConsumers(context: PlatformContext): Promise<true> {
  const consumers = await consumersOf(context);
  if (consumers < MIN_PODS) throw new Error(`${String(consumers)} consumers`);
  return true;
}
