import type { Cluster, Size } from './schema.ts';

/** State of an environment that this machine provisions. Each value is read on demand. */
export interface Provisioned {
  /** Also if provisioning was interrupted; undefined: it was never provisioned, or has been removed. */
  size(): Size | undefined;
  /** UID of the namespace kube-system, which identifies the cluster; undefined: there is none yet, or it was removed. */
  uid(): string | undefined;
  /** Path of its kubeconfig, which need not be there. */
  kubeconfig(): string;
  /**
   * Its stores and parts, also if provisioning was interrupted or the machine has booted since; where it was never provisioned, or has been
   * removed, those that it would have.
   */
  words(): readonly string[];
  /** Where its certificates lie: `$STATE` in its file. */
  folder(): string;
}

/** State of a cluster's environment; undefined: others provision it. */
export type ProvisionedOf = (cluster: Cluster) => Promise<Provisioned | undefined>;
