import type { Environment } from '../../../env/schema.ts';
import { faultOf } from '../../../faults/index.ts';
import { faultIn } from './goals.ts';
import type { CatalogueRow } from '../types.ts';

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
  return faultOf(fault).refusal({ nodeImage: drills.nodeImage, power: cluster.power !== undefined });
}
