/** Jaeger 1.76, all in one: takes spans over OTLP, keeps the newest traces in memory, answers queries. */
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
import { podsService } from '../prometheus/services.ts';
import { waitRollout } from '../rollout.ts';
import { TRACES } from '../telemetry-environment.ts';

const NAME = TRACES.name;
const QUERY_PORT = 16_686;
/** Health at `/`, metrics at `/metrics`. */
const ADMIN_PORT = 14_269;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.91';
/** The oldest go first. A trace of the longest path has some twenty spans of 1 KB: 300 MB at most, and a tenth of it as a rule. */
const MOST_TRACES = 15_000;

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    args: [
      `--memory.max-traces=${String(MOST_TRACES)}`,
      '--collector.otlp.enabled=true',
      `--collector.otlp.http.host-port=0.0.0.0:${String(TRACES.otlpPort)}`,
      `--query.http-server.host-port=0.0.0.0:${String(QUERY_PORT)}`,
      `--admin.http.host-port=0.0.0.0:${String(ADMIN_PORT)}`,
      '--collector.queue-size=20000',
      '--log-level=warn',
    ],
    env: [
      { name: 'SPAN_STORAGE_TYPE', value: 'memory' },
      // Its own requests would be traces among those that are looked for.
      { name: 'OTEL_TRACES_SAMPLER', value: 'always_off' },
      { name: 'GOMEMLIMIT', value: '400MiB' },
    ],
    ports: [
      { name: 'query', containerPort: QUERY_PORT },
      { name: 'otlp', containerPort: TRACES.otlpPort },
      { name: 'admin', containerPort: ADMIN_PORT },
    ],
    readinessProbe: httpProbe('/', 'admin'),
    livenessProbe: httpProbe('/', 'admin', { periodSeconds: 10, timeoutSeconds: 5 }),
    resources: resources({ cpuRequest: '50m', cpuLimit: '1', memoryRequest: '96Mi', memoryLimit: '512Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
  };
}

/** Every object of it. Its traces live as long as its pod. */
export function jaegerObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(NAME, OBSERVABILITY),
    service(
      NAME,
      OBSERVABILITY,
      [
        { name: 'query', port: QUERY_PORT, targetPort: 'query' },
        { name: 'otlp', port: TRACES.otlpPort, targetPort: 'otlp' },
      ],
      { clusterIP: `${context.addresses.block}.${ADDRESS}`, selector: selector(NAME) },
    ),
    podsService(NAME),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(NAME, OBSERVABILITY),
      spec: {
        replicas: 1,
        // Two at once would have half the spans each.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: selector(NAME) },
        template: {
          metadata: { labels: labels(NAME) },
          spec: {
            serviceAccountName: NAME,
            automountServiceAccountToken: false,
            enableServiceLinks: false, // their variables would be taken for settings
            securityContext: podSecurity(APP_USER),
            containers: [container(imageOf(context.images, NAME).pinned)],
            volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '16Mi' } }],
          },
        },
      },
    },
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until it takes spans and answers. */
export async function waitJaeger(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `deployment/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
