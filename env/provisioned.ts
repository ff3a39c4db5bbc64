import type { Cluster, Size } from './schema.ts';

type Instance = Extract<Cluster, { embedded: unknown }>['embedded'];

/** What is known of the environments that this machine provisions itself, by their names. */
export interface Provisioned {
  /** undefined: it was never provisioned, or has been removed. */
  sizeOf(instance: Instance): Size | undefined;
  /** Its stores and parts, also when it is down now; before it was ever provisioned, those that it would have. */
  wordsOf(instance: Instance): readonly string[];
  /** Where its certificates lie: `$STATE` in its file. */
  folderOf(instance: Instance): string;
}
