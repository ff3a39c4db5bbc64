/** Prometheus: one server that scrapes the platform's pods. Its data lives as long as its pod: the window is the run. */
import { createHash } from 'node:crypto';
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import {
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
import { prometheusConfig, RULES_FILE } from './config.ts';
import { rulesOf } from './objectives.ts';

const NAME = 'prometheus';
const PORT = 9090;
/** Inside the cluster. */
export const PROMETHEUS_URL = `http://${NAME}.${OBSERVABILITY}.svc.cluster.local:${String(PORT)}`;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.80';
const CONFIG = '/etc/prometheus';
const DATA = '/data';

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    args: [
      `--config.file=${CONFIG}/prometheus.yml`,
      `--storage.tsdb.path=${DATA}`,
      '--storage.tsdb.retention.time=1d',
      '--storage.tsdb.wal-compression',
      // A rule that a control unloads is gone with `POST /-/reload`, without the data of the run.
      '--web.enable-lifecycle',
      `--web.listen-address=:${String(PORT)}`,
    ],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: httpProbe('/-/ready', 'http'),
    livenessProbe: httpProbe('/-/healthy', 'http', { periodSeconds: 10, timeoutSeconds: 3 }),
    resources: resources({
      cpuRequest: '50m',
      cpuLimit: '500m',
      memoryRequest: '96Mi',
      memoryLimit: '384Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'config', mountPath: CONFIG },
      { name: 'data', mountPath: DATA },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

function deployment(image: string, config: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(NAME, OBSERVABILITY),
    spec: {
      replicas: 1,
      // Two servers at once would scrape everything twice.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: selector(NAME) },
      template: {
        // Another configuration is another pod: the server reads it when it starts.
        metadata: {
          labels: labels(NAME),
          annotations: { 'plumbline.dev/config': createHash('sha256').update(config).digest('hex') },
        },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(APP_USER),
          containers: [container(image)],
          volumes: [
            { name: 'config', configMap: { name: `${NAME}-config` } },
            { name: 'data', emptyDir: { sizeLimit: '2Gi' } },
            { name: 'scratch', emptyDir: { sizeLimit: '16Mi' } },
          ],
        },
      },
    },
  };
}

/** Every object of it. It has no rights in the cluster. */
export function prometheusObjects(context: PlatformContext): KubeObject[] {
  const files = {
    'prometheus.yml': prometheusConfig(context),
    ...(context.with.includes('telemetry') && { [RULES_FILE]: rulesOf(context.instance) }),
  };
  return [
    serviceAccount(NAME, OBSERVABILITY),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-config`, OBSERVABILITY, NAME),
      data: files,
    },
    service(NAME, OBSERVABILITY, [{ name: 'http', port: PORT, targetPort: 'http' }], {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    deployment(imageOf(context.images, NAME).pinned, JSON.stringify(files)),
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until the server answers queries. */
export async function waitPrometheus(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `deployment/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
