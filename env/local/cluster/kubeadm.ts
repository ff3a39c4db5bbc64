import { stringify } from 'yaml';
import { addressesOf } from '../nodes/addressing.ts';
import type { NodeSpec } from '../nodes/addressing.ts';
import { REGISTRY_NAME } from '../nodes/files.ts';
import { patience } from '../../../host/patience.ts';

/** Versions in kubeadm's configuration, as the toolchain builds them; each is also the tag of its image. */
export type ClusterVersions = {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly coredns: string;
};

/** kubeadm's default timeouts, in minutes. */
const KUBEADM_WAITS = {
  controlPlaneComponentHealthCheck: 4,
  discovery: 5,
  etcdAPICall: 2,
  kubeletHealthCheck: 4,
  kubernetesAPICall: 1,
  tlsBootstrap: 5,
} as const;

const KUBEADM_API = 'kubeadm.k8s.io/v1beta4';

/** Where on a node kubeadm's input lies: below /etc, which is a folder of the host. */
export const CONFIG_PATH = '/etc/kubernetes/plumbline-kubeadm.yaml';
export const DISCOVERY_PATH = '/etc/kubernetes/plumbline-discovery.conf';

/** The address that clients and kubelets use: the load balancer's, in both sizes. */
export function apiEndpoint(node: Pick<NodeSpec, 'instance'>): string {
  return `${addressesOf(node.instance).loadBalancer}:6443`;
}

/** What `kubeadm init` reads on the first control-plane node. */
export function initConfig(node: NodeSpec, versions: ClusterVersions, token: string): string {
  return documents([
    {
      apiVersion: KUBEADM_API,
      kind: 'InitConfiguration',
      bootstrapTokens: [{ token, ttl: '24h0m0s' }],
      localAPIEndpoint: { advertiseAddress: node.address, bindPort: 6443 },
      nodeRegistration: registration(node),
      ...waits(),
    },
    clusterConfiguration(node, versions),
    kubeletConfiguration(node),
    kubeProxyConfiguration(node),
  ]);
}

/** What `kubeadm join` reads on every other node. A control-plane node must have the shared certificates already. */
export function joinConfig(node: NodeSpec, token: string): string {
  const controlPlane = { localAPIEndpoint: { advertiseAddress: node.address, bindPort: 6443 } };
  return documents([
    {
      apiVersion: KUBEADM_API,
      kind: 'JoinConfiguration',
      discovery: { file: { kubeConfigPath: DISCOVERY_PATH }, tlsBootstrapToken: token },
      nodeRegistration: registration(node),
      ...waits(),
      ...(node.role === 'control' ? { controlPlane } : {}),
    },
  ]);
}

/** kubeadm's timeouts, multiplied by PLUMBLINE_PATIENCE. */
function waits(): Record<string, unknown> {
  const factor = patience();
  const seconds = Object.entries(KUBEADM_WAITS).map(
    ([name, minutes]) => [name, `${Math.round(minutes * 60 * factor)}s`] as const,
  );
  return { timeouts: Object.fromEntries(seconds) };
}

/** Where the cluster is and whose certificate to trust, without any credential. */
export function discoveryConfig(node: Pick<NodeSpec, 'instance'>, caPem: string): string {
  const data = Buffer.from(caPem).toString('base64');
  const cluster = { server: `https://${apiEndpoint(node)}`, 'certificate-authority-data': data };
  return stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] });
}

function registration(node: NodeSpec): Record<string, unknown> {
  const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
  return {
    name: node.name,
    criSocket: 'unix:///run/containerd/containerd.sock',
    imagePullPolicy: 'IfNotPresent',
    imagePullSerial: false,
    kubeletExtraArgs: [
      { name: 'node-ip', value: node.address },
      { name: 'node-labels', value: labels.join(',') },
    ],
    // Without `taints` kubeadm decides: a control-plane node gets its usual taint.
    ...(node.role === 'control' ? {} : { taints: node.taints }),
  };
}

function clusterConfiguration(node: NodeSpec, versions: ClusterVersions): Record<string, unknown> {
  const { loadBalancer, serviceCidr } = addressesOf(node.instance);
  return {
    apiVersion: KUBEADM_API,
    kind: 'ClusterConfiguration',
    clusterName: node.instance,
    kubernetesVersion: versions.kubernetes,
    controlPlaneEndpoint: apiEndpoint(node),
    imageRepository: REGISTRY_NAME,
    // ECDSA keys are generated in milliseconds; RSA keys take seconds on a small machine.
    encryptionAlgorithm: 'ECDSA-P256',
    networking: { serviceSubnet: serviceCidr, dnsDomain: 'cluster.local' },
    apiServer: { certSANs: [loadBalancer, '127.0.0.1', 'localhost'] },
    dns: { imageTag: versions.coredns },
    etcd: {
      local: {
        imageTag: versions.etcd,
        dataDir: '/var/lib/etcd',
        // fsync is not needed: a power cut ends the whole environment anyway, and a killed process loses nothing that is in the page cache.
        extraArgs: [{ name: 'unsafe-no-fsync', value: 'true' }],
      },
    },
  };
}

function kubeletConfiguration(node: NodeSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    clusterDNS: [addressesOf(node.instance).dnsService],
    // The default maximum is 5 min: a member that is crashed several times in a row would be down that long.
    crashLoopBackOff: { maxContainerRestartPeriod: '3s' },
    serializeImagePulls: false,
    maxParallelImagePulls: 3,
    registryPullQPS: 0,
    // 100 switches image garbage collection off: disk use is that of the whole machine, not of the node.
    imageGCHighThresholdPercent: 100,
    // Absolute: a share would be one of the machine's whole disk, and on a large one more than a node needs.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '200Mi',
      'imagefs.available': '200Mi',
    },
    rotateCertificates: true,
  };
}

function kubeProxyConfiguration(node: NodeSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: addressesOf(node.instance).podCidr,
    detectLocalMode: 'ClusterCIDR',
    // Zero: kube-proxy does not change the limits of the machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

function documents(parts: readonly Record<string, unknown>[]): string {
  return parts.map((part) => stringify(part)).join('---\n');
}
