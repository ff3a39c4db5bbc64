/** The depth of the AI service's queue as an external metric (toolchain/external-metrics), and the autoscaler that follows it. */
import { imageOf } from '../../images/index.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import { metadata, type KubeObject } from '../objects.ts';
import { PROMETHEUS_URL } from '../prometheus/index.ts';
import { APPLICATION_VHOST } from '../rabbitmq/config.ts';
import { APPLICATION_QUEUE } from '../rabbitmq/queue.ts';
import { aggregatedAccount, aggregatedApi, aggregatedServer } from '../system/aggregated.ts';
import { TENDER_AI } from './names.ts';

export const EXTERNAL_METRICS = 'external-metrics';
const API = { group: 'external.metrics.k8s.io', version: 'v1beta1' } as const;
export const EXTERNAL_METRICS_API = `${API.version}.${API.group}`;
const METRIC = 'tender_jobs_ready';
/** Of a quorum queue the leader tells every 5 s; for the moment in which another becomes it, two members may. */
const QUERY = `max(rabbitmq_detailed_queue_messages_ready{vhost="${APPLICATION_VHOST}",queue="${APPLICATION_QUEUE}"})`;

export const MIN_PODS = 2;
const MAX_PODS = 4;
/** Beside the 8 jobs that each pod works on. At the model's usual 0.3 s a pod does ten in less than half a second. */
const WAITING_PER_POD = 10;
/** A queue that is drained stays so for two looks of the autoscaler (15 s each). */
const STABLE_SECONDS = 30;

/** The server that answers autoscalers, its rights and the API that it serves. */
export function externalMetricsObjects(context: PlatformContext): KubeObject[] {
  return [
    ...aggregatedAccount(EXTERNAL_METRICS),
    ...aggregatedApi(EXTERNAL_METRICS, API),
    aggregatedServer({
      name: EXTERNAL_METRICS,
      image: imageOf(context.images, EXTERNAL_METRICS).pinned,
      args: [
        `--prometheus=${PROMETHEUS_URL}`,
        `--namespace=${TENDER}`,
        `--metric=${METRIC}`,
        `--query=${QUERY}`,
      ],
      memoryRequest: '64Mi',
    }),
  ];
}

/** Pods of the AI service by the jobs that wait in its queue. */
export function aiAutoscaler(): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(TENDER_AI, TENDER),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: TENDER_AI },
      minReplicas: MIN_PODS,
      maxReplicas: MAX_PODS,
      metrics: [
        {
          type: 'External',
          external: {
            metric: { name: METRIC },
            target: { type: 'AverageValue', averageValue: String(WAITING_PER_POD) },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: STABLE_SECONDS } },
    },
  };
}
