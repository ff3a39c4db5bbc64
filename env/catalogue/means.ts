import type { Environment } from '../schema.ts';
import { storeFault } from './goals.ts';
import type { CatalogueRow } from './types.ts';

/** Faults that act from a member's node. */
const FROM_NODE: readonly string[] = ['pod-crash', 'hang', 'partition'];

/**
 * What a fault of this check needs and the environment does not declare, or null. The embedded environment needs nothing: this machine
 * holds its nodes.
 */
export function lacksMeans({ cluster, drills }: Environment, row: CatalogueRow): string | null {
  const fault = storeFault(row.id)?.fault;
  if (fault === undefined || !('kubeconfig' in cluster)) return null;
  if (FROM_NODE.includes(fault) && drills.nodeImage === undefined)
    return `${fault} acts from the node, by a privileged pod, and no image is declared for it: drills.nodeImage`;
  if (fault === 'node-loss' && cluster.power === undefined)
    return 'no command is declared that switches the power of a node: cluster.power';
  return null;
}
