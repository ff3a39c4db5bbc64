/** The shipper of log lines: on every node, whatever its taints, one pod that reads what the containers there wrote. */
import { imageOf } from '../../images/index.ts';
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { LOGSTORE_CREDENTIALS, LOGSTORE_URL } from '../logstore/index.ts';
import {
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  resources,
  selector,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { podsService } from '../prometheus/services.ts';
import { waitRollout } from '../rollout.ts';

const NAME = 'log-shipper';
const PORT = 8080;
/** Where kubelet keeps the log files of containers; names hold namespace, pod and container. */
const LOGS = '/var/log/pods';
/** On the node's disk: how far each file has been shipped outlives the pod. */
const STATE = '/var/lib/log-shipper';

function container(image: string): unknown {
  return {
    name: NAME,
    image,
    env: [
      { name: 'PORT', value: String(PORT) },
      { name: 'LOGS', value: LOGS },
      { name: 'STATE', value: STATE },
      { name: 'STORE_URL', value: LOGSTORE_URL },
      { name: 'STORE_USER', value: 'shipper' },
      {
        name: 'STORE_PASSWORD',
        valueFrom: { secretKeyRef: { name: LOGSTORE_CREDENTIALS, key: 'shipper' } },
      },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      // A heap that is kept small: the default grows with the machine's memory.
      { name: 'NODE_OPTIONS', value: '--max-old-space-size=64 --max-semi-space-size=2' },
    ],
    ports: [{ name: 'http', containerPort: PORT }],
    // Itself alone: a store that is away must take no shipper down, which goes on where it stopped.
    readinessProbe: httpProbe('/healthz', 'http', { periodSeconds: 5 }),
    livenessProbe: httpProbe('/healthz', 'http', { periodSeconds: 10, timeoutSeconds: 5 }),
    resources: resources({
      cpuRequest: '10m',
      cpuLimit: '500m',
      memoryRequest: '48Mi',
      memoryLimit: '160Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'logs', mountPath: LOGS, readOnly: true },
      { name: 'state', mountPath: STATE },
    ],
  };
}

/** Every object of it. */
export function logShipperObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(NAME, OBSERVABILITY),
    podsService(NAME),
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata(NAME, OBSERVABILITY),
      spec: {
        selector: { matchLabels: selector(NAME) },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
        template: {
          metadata: { labels: labels(NAME) },
          spec: {
            serviceAccountName: NAME,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 10,
            tolerations: [{ operator: 'Exists' }],
            // The files belong to root and are readable by it alone; of its powers the container has none.
            securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [container(imageOf(context.images, NAME).pinned)],
            volumes: [
              { name: 'logs', hostPath: { path: LOGS, type: 'Directory' } },
              { name: 'state', hostPath: { path: STATE, type: 'DirectoryOrCreate' } },
            ],
          },
        },
      },
    },
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds once the image is on every node

/** Waits for a shipper on every node. */
export async function waitLogShipper(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `daemonset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
}
