import type { InstanceName } from './nodes/addressing.ts';
import { readStamp } from './state/stamp.ts';

/** Provisioned when no stores and parts are named: the smallest platform that works. */
const DEFAULT_STORES: readonly string[] = ['postgres'];

/**
 * The stores and parts that an instance was provisioned with last, also if that was interrupted or the machine has booted since; the default if
 * it never was, or was removed (`env down`).
 */
export function storesProvisioned(instance: InstanceName): readonly string[] {
  return readStamp(instance)?.with ?? DEFAULT_STORES;
}
