/** The stand-in for Grafana: one pod that shows the platform's dashboards and asks Prometheus for what is in them. */
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
import { PROMETHEUS_URL } from '../prometheus/index.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { DASHBOARDS } from './dashboards.ts';

const NAME = 'grafana-stub';
const CREDENTIALS = 'grafana-credentials';
const PORT = 3000;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.93';
const FOLDER = '/etc/grafana/dashboards';

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    env: [
      { name: 'PORT', value: String(PORT) },
      { name: 'PROMETHEUS_URL', value: PROMETHEUS_URL }, // controls give the pod another
      { name: 'DASHBOARDS', value: FOLDER },
      { name: 'GRAFANA_TOKEN', valueFrom: { secretKeyRef: { name: CREDENTIALS, key: 'token' } } },
    ],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: httpProbe('/api/health', 'http'),
    livenessProbe: httpProbe('/api/health', 'http', { periodSeconds: 10, timeoutSeconds: 3 }),
    resources: resources({
      cpuRequest: '10m',
      cpuLimit: '200m',
      memoryRequest: '48Mi',
      memoryLimit: '128Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'dashboards', mountPath: FOLDER }],
  };
}

function deployment(image: string, files: Readonly<Record<string, string>>): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(NAME, OBSERVABILITY),
    spec: {
      replicas: 1,
      // One that answers beside another with a broken data source would hide it.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: selector(NAME) },
      template: {
        // Other dashboards are another pod: they are read when it starts.
        metadata: {
          labels: labels(NAME),
          annotations: {
            'plumbline.dev/config': createHash('sha256').update(JSON.stringify(files)).digest('hex'),
          },
        },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(APP_USER),
          containers: [container(image)],
          volumes: [{ name: 'dashboards', configMap: { name: `${NAME}-dashboards` } }],
        },
      },
    },
  };
}

/** Every object of it. It has no rights in the cluster. */
export function grafanaStubObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const files = Object.fromEntries(
    Object.entries(DASHBOARDS).map(([name, model]) => [name, JSON.stringify(model, null, 2)]),
  );
  return [
    serviceAccount(NAME, OBSERVABILITY),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(CREDENTIALS, OBSERVABILITY, NAME),
      type: 'Opaque',
      stringData: { token: secrets.grafanaToken },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${NAME}-dashboards`, OBSERVABILITY, NAME),
      data: files,
    },
    service(NAME, OBSERVABILITY, [{ name: 'http', port: PORT, targetPort: 'http' }], {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    deployment(imageOf(context.images, NAME).pinned, files),
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until it answers. Its data source may come later. */
export async function waitGrafanaStub(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `deployment/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
