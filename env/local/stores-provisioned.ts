import type { InstanceName } from './nodes/addressing.ts';
import { readStamp } from './state/stamp.ts';

/** What is provisioned when nobody says which stores and parts: the smallest platform that works. */
const DEFAULT_STORES: readonly string[] = ['postgres'];

/** The stores and parts that an instance was provisioned with last, also when it is down now; before that the default. */
export function storesProvisioned(instance: InstanceName): readonly string[] {
  return readStamp(instance)?.with ?? DEFAULT_STORES;
}
