import type { Cluster, Size } from './schema.ts';

/** What is known of an environment that this machine provisions itself. Nothing of it is read before it is asked for. */
export interface Provisioned {
  /** undefined: it was never provisioned, or has been removed. */
  size(): Size | undefined;
  /** The cluster, as its namespace kube-system names it; undefined: it was never provisioned, or has been removed. */
  uid(): string | undefined;
  /** Path of its kubeconfig, which need not be there. */
  kubeconfig(): string;
  /** Its stores and parts, also when it is down now; before it was ever provisioned, those that it would have. */
  words(): readonly string[];
  /** Where its certificates lie: `$STATE` in its file. */
  folder(): string;
}

/** What is known of the environment of a cluster; undefined: others provision it. */
export type ProvisionedOf = (cluster: Cluster) => Promise<Provisioned | undefined>;
