/** Simulated devices on the GPU pool: a device plugin of our own (toolchain/device-plugin), as a DaemonSet. */
import { imageOf } from '../../images/index.ts';
import { waitFor } from '../../../../host/wait.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
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

const DEVICE_PLUGIN = 'device-plugin';
const PORT = 9400; // that of NVIDIA's dcgm-exporter
/** These three are in environment files too. */
const RESOURCE = 'nvidia.com/gpu';
const DEVICES = 2;
const VARIABLE = 'PLUMBLINE_DEVICES';
const POOL = { 'plumbline.dev/pool': 'gpu' };
const POOL_LABEL = 'plumbline.dev/pool=gpu';
/** kubelet's folders: registration of device plugins, and who holds what. */
const PLUGINS = '/var/lib/kubelet/device-plugins';
const HELD = '/var/lib/kubelet/pod-resources';

function container(image: string): unknown {
  return {
    name: DEVICE_PLUGIN,
    image,
    args: [
      `--resource=${RESOURCE}`,
      `--devices=${String(DEVICES)}`,
      `--variable=${VARIABLE}`,
      '--node=$(NODE_NAME)',
      `--listen=:${String(PORT)}`,
      `--plugin-dir=${PLUGINS}`,
      `--pod-resources=${HELD}/kubelet.sock`,
    ],
    env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: httpProbe('/readyz', 'http'), // registered with kubelet
    livenessProbe: httpProbe('/healthz', 'http', { periodSeconds: 10 }),
    resources: resources({
      cpuRequest: '10m',
      cpuLimit: '200m',
      memoryRequest: '16Mi',
      memoryLimit: '64Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'plugins', mountPath: PLUGINS },
      { name: 'held', mountPath: HELD, readOnly: true },
    ],
  };
}

function podSpec(image: string): unknown {
  return {
    serviceAccountName: DEVICE_PLUGIN,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: 'system-node-critical',
    terminationGracePeriodSeconds: 5,
    nodeSelector: POOL,
    tolerations: [{ key: RESOURCE, operator: 'Exists', effect: 'NoSchedule' }],
    // kubelet's folders are root's; the program has no other right of root.
    securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container(image)],
    volumes: [
      { name: 'plugins', hostPath: { path: PLUGINS, type: 'Directory' } },
      { name: 'held', hostPath: { path: HELD, type: 'Directory' } },
    ],
  };
}

/** The plugin on every node of the pool, and the Service by which Prometheus finds its pods. It has no rights in the cluster. */
export function gpuObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(DEVICE_PLUGIN, SYSTEM),
    podsService(DEVICE_PLUGIN),
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata(DEVICE_PLUGIN, SYSTEM),
      spec: {
        selector: { matchLabels: selector(DEVICE_PLUGIN) },
        template: {
          metadata: { labels: labels(DEVICE_PLUGIN) },
          spec: podSpec(imageOf(context.images, DEVICE_PLUGIN).pinned),
        },
      },
    },
  ];
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine
const OFFERED_DEADLINE_MS = 60_000; // kubelet tells the API server of new devices every 10 s

/** Waits until the plugins are registered and every node of the pool offers its devices to the scheduler. */
export async function waitGpu(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: SYSTEM,
    workload: `daemonset/${DEVICE_PLUGIN}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  const nodes = context.nodes.filter((node) => node.role === 'gpu').map((node) => node.name);
  if (nodes.length === 0) return;
  await waitFor(async () => await offered(context, nodes), {
    what: `${nodes.join(', ')} to offer ${String(DEVICES)} ${RESOURCE}`,
    deadlineMs: OFFERED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${SYSTEM} logs daemonset/${DEVICE_PLUGIN}`,
  });
}

/** @throws Error with what each node offers while one of them does not offer all */
async function offered(context: PlatformContext, nodes: readonly string[]): Promise<true> {
  const path = `{range .items[*]}{.metadata.name}={.status.allocatable.${RESOURCE.replaceAll('.', String.raw`\.`)}} {end}`;
  const seen = await context.kubectl(['get', 'nodes', '-l', POOL_LABEL, '-o', `jsonpath=${path}`], {
    timeoutMs: 10_000,
  });
  const wanted = nodes.map((node) => `${node}=${String(DEVICES)}`);
  const offers = seen.trim().split(' ');
  if (wanted.every((one) => offers.includes(one))) return true;
  throw new Error(`seen ${seen.trim()}`);
}
