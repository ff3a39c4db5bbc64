import type { ImageSet } from '../images/index.ts';
import type { ClusterSize, InstanceAddresses, InstanceName, NodeSpec } from '../nodes/addressing.ts';

/** What the platform needs to know of the cluster that it is applied to. */
export interface PlatformContext {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** Stores and parts to provision, by the names of STORES (stores.ts) and PARTS (parts.ts). */
  readonly with: readonly string[];
  readonly addresses: InstanceAddresses;
  readonly nodes: readonly NodeSpec[];
  readonly kubeconfig: string;
  readonly stateDir: string;
  readonly images: ImageSet;
  readonly kubectl: (
    argv: readonly string[],
    options?: { readonly input?: string; readonly timeoutMs?: number },
  ) => Promise<string>;
  /** Puts the platform's part into the load balancer's configuration and reloads it. */
  readonly setLoadBalancerConfig: (haproxyText: string) => Promise<void>;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Namespace of the services and stores of the platform. */
export const TENDER = 'tender';
/** Namespace of the ingress controller and the gateway. */
export const EDGE = 'edge';
/** Namespace of what watches the platform. */
export const OBSERVABILITY = 'observability';
/** Namespace of what the cluster itself lacks: volumes and metrics. */
export const SYSTEM = 'kube-system';
