import { join } from 'node:path';
import type { BringUp } from './cluster/bringup.ts';
import { kubectl } from './cluster/bringup.ts';
import { setExtraConfig } from './cluster/load-balancer.ts';
import type { ImageSet } from './images/index.ts';
import { addressesOf, nodesOf } from './nodes/addressing.ts';
import type { ClusterSize, InstanceName } from './nodes/addressing.ts';
import { stateDir } from '../../host/paths.ts';
import type { PlatformContext } from './platform/index.ts';
import { toolVersions } from './toolchain/index.ts';

/** The instance that is being provisioned, and its programs and images. */
export type Target = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  readonly with: readonly string[];
  readonly binDir: string;
  readonly images: ImageSet;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal | undefined;
};

/** Input of the steps that make the cluster. */
export function clusterContext(target: Target): BringUp {
  return {
    nodes: nodesOf(target.instance, target.size),
    binDir: target.binDir,
    versions: toolVersions(),
    kubeconfig: join(stateDir(target.instance), 'kubeconfig'),
    signal: target.signal,
  };
}

/** Input of the steps that apply the platform. */
export function platformContext(target: Target): PlatformContext {
  const cluster = clusterContext(target);
  return {
    instance: target.instance,
    size: target.size,
    with: target.with,
    addresses: addressesOf(target.instance),
    nodes: cluster.nodes,
    kubeconfig: cluster.kubeconfig,
    stateDir: stateDir(target.instance),
    images: target.images,
    kubectl: (argv, options) => kubectl(cluster, argv, options),
    setLoadBalancerConfig: (text) => setExtraConfig(target.instance, text, { signal: target.signal }),
    onProgress: target.say,
    signal: target.signal,
  };
}
