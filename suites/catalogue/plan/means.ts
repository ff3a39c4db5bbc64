import type { Environment } from '../../../env/schema.ts';
import { faultIn } from './goals.ts';
import type { CatalogueRow } from '../types.ts';

/** Faults that act from a member's node. */
const FROM_NODE: readonly string[] = ['pod-crash', 'hang', 'partition'];

/**
 * What a fault of this check needs and the environment does not declare, or null. The embedded environment needs nothing: this machine
 * holds its nodes.
 */
export function lacksMeans(environment: Environment, row: CatalogueRow): string | null {
  const { cluster, drills } = environment;
  if (!('kubeconfig' in cluster)) return null;
  // Who may write it runs what it likes with every account and Secret of that namespace, and the undo Job, whose account any run may use,
  // would have to be able to as well: no account in deploy/rbac.yaml is.
  if (row.writesTemplate === true)
    return 'it changes the template of a Deployment: a right to run anything in the namespace of the platform, which no account of Plumbline has outside the embedded environment';
  const fault = faultIn(environment, row.id);
  if (fault === undefined) return null;
  if (FROM_NODE.includes(fault) && drills.nodeImage === undefined)
    return `${fault} acts from the node, by a privileged pod, and no image is declared for it: drills.nodeImage`;
  if (fault === 'node-loss' && cluster.power === undefined)
    return 'no command is declared that switches the power of a node: cluster.power';
  return null;
}
