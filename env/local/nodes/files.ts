import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stateDir } from '../../../host/paths.ts';
import { addressesOf, nodesOf } from './addressing.ts';
import type { NodeSpec } from './addressing.ts';

/** Host and port in image references; containerd's configuration maps them to the registry of the instance. */
export const REGISTRY_NAME = 'registry.plumbline.test:5000';

/** The sandbox image of every pod; kubeadm v1.37 uses the same tag. */
export const PAUSE_IMAGE = `${REGISTRY_NAME}/pause:3.10`;

/** Folder of local-path volumes in a node: in the node's disk folder, so that they survive its crash. */
export const VOLUMES_PATH = '/var/lib/plumbline-volumes';

/** The folder on the host with everything that a node writes. */
export function nodeDir(node: NodeSpec): string {
  return join(stateDir(node.instance), 'nodes', node.name);
}

/** The host's path of a path in a node. @throws Error outside of /etc and /var, which alone are stored on the host */
export function onHost(node: NodeSpec, pathInNode: string): string {
  if (!/^\/(etc|var)\//.test(pathInNode)) {
    throw new Error(
      `${pathInNode} of ${node.name} has no path on the host: only /etc and /var are stored there`,
    );
  }
  return join(nodeDir(node), pathInNode);
}

/** The log files of a node, as absolute paths on the host. */
export function nodeLogs(node: NodeSpec): {
  kubelet: string;
  containerd: string;
  init: string;
  pods: string;
} {
  return {
    kubelet: onHost(node, '/var/log/kubelet.log'),
    containerd: onHost(node, '/var/log/containerd.log'),
    init: join(nodeDir(node), 'init.log'),
    pods: onHost(node, '/var/log/pods'),
  };
}

/** The files that a node needs below its own /etc before it starts: path in the node → content. */
export function nodeFiles(node: NodeSpec, binDir: string): Readonly<Record<string, string>> {
  const { registry, switch: nobody } = addressesOf(node.instance);
  return {
    '/etc/hostname': `${node.name}\n`,
    '/etc/hosts': hostsFile(node),
    '/etc/machine-id': `${createHash('sha256').update(`${node.instance}/${node.name}`).digest('hex').slice(0, 32)}\n`,
    // Nothing listens on port 53 of the bridge: lookups of external names fail at once and never leave the machine.
    '/etc/resolv.conf': `nameserver ${nobody}\n`,
    '/etc/containerd/config.toml': containerdConfig(binDir),
    [`/etc/containerd/certs.d/${REGISTRY_NAME}/hosts.toml`]: hostsToml(registry),
    '/etc/cni/net.d/10-plumbline.conflist': cniConfig(node),
  };
}

function hostsFile(node: NodeSpec): string {
  const nodes = nodesOf(node.instance, 'full').map(({ address, name }) => `${address} ${name}`);
  return ['127.0.0.1 localhost', ...nodes, ''].join('\n');
}

function hostsToml(registry: string): string {
  return `server = "http://${registry}"\n\n[host."http://${registry}"]\n  capabilities = ["pull", "resolve"]\n`;
}

/** The pod network: one bridge per node, addresses from the node's pod range, host ports. Routes between nodes are static. */
function cniConfig(node: NodeSpec): string {
  const config = {
    cniVersion: '1.0.0',
    name: 'plumbline',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: node.podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function containerdConfig(binDir: string): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs"]

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  max_concurrent_downloads = 3
  # Of what containers have written, which it counts file by file.
  stats_collect_period = 60
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE nobody may lower a score; asking for it would fail every sandbox.
  restrict_oom_score_adj = true
  # Its default, 1 s, costs an eighth of two cores for some 60 containers. kubelet reads cgroups itself; nothing here asks for these figures.
  stats_collect_period = "60s"
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${binDir}"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "${binDir}/runc"
        SystemdCgroup = false
`;
}
