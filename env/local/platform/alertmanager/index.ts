/** Alertmanager 0.25: takes Prometheus' alerts and answers what is firing. Nobody is told: a local environment serves nobody. */
import { stringify } from 'yaml';
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
import { ALERTMANAGER } from '../prometheus/config.ts';
import { podsService } from '../prometheus/services.ts';
import { waitRollout } from '../rollout.ts';

const { name: NAME, port: PORT } = ALERTMANAGER;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.92';
const CONFIG = '/etc/alertmanager';
const DATA = '/data';

/** alertmanager.yml: everything goes to a receiver that does nothing. */
const SETTINGS = stringify({
  route: {
    receiver: 'nobody',
    group_by: ['alertname', 'objective'],
    group_wait: '1s',
    group_interval: '10s',
  },
  receivers: [{ name: 'nobody' }],
});

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    args: [
      `--config.file=${CONFIG}/alertmanager.yml`,
      `--storage.path=${DATA}`,
      `--web.listen-address=:${String(PORT)}`,
      '--cluster.listen-address=', // one server: no gossip
    ],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: httpProbe('/-/ready', 'http'),
    livenessProbe: httpProbe('/-/healthy', 'http', { periodSeconds: 10, timeoutSeconds: 3 }),
    resources: resources({ cpuRequest: '10m', cpuLimit: '200m', memoryRequest: '24Mi', memoryLimit: '96Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'config', mountPath: CONFIG },
      { name: 'data', mountPath: DATA },
    ],
  };
}

/** Every object of it. */
export function alertmanagerObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(NAME, OBSERVABILITY),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-config`, OBSERVABILITY, NAME),
      data: { 'alertmanager.yml': SETTINGS },
    },
    service(NAME, OBSERVABILITY, [{ name: 'http', port: PORT, targetPort: 'http' }], {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    podsService(NAME),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(NAME, OBSERVABILITY),
      spec: {
        replicas: 1,
        selector: { matchLabels: selector(NAME) },
        template: {
          metadata: { labels: labels(NAME) },
          spec: {
            serviceAccountName: NAME,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: podSecurity(APP_USER),
            containers: [container(imageOf(context.images, NAME).pinned)],
            volumes: [
              { name: 'config', configMap: { name: `${NAME}-config` } },
              { name: 'data', emptyDir: { sizeLimit: '64Mi' } },
            ],
          },
        },
      },
    },
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until it takes alerts. */
export async function waitAlertmanager(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `deployment/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
