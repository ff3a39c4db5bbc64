import type { Cluster, Size } from './schema.ts';

/** What is known of an environment that this machine provisions itself. Nothing of it is read before it is asked for. */
export interface Provisioned {
  /** undefined: it was never provisioned, or has been removed. */
  size(): Size | undefined;
  /** Its stores and parts, also when it is down now; before it was ever provisioned, those that it would have. */
  words(): readonly string[];
  /** Where its certificates lie: `$STATE` in its file. */
  folder(): string;
}

/** What is known of the environment of a cluster; undefined: others provision it. */
export type ProvisionedOf = (cluster: Cluster) => Promise<Provisioned | undefined>;
