import { traitsOf } from '../../../env/providers/declared.ts';
import type { Environment } from '../../../env/schema.ts';
import { faultOf } from '../../../faults/index.ts';
import { because, type NotRun } from '../../../reports/record/not-run-by.ts';
import { faultIn } from './goals.ts';
import type { CatalogueRow } from '../types.ts';

/**
 * What the fault of this check needs and the environment does not declare, or null. An embedded environment needs nothing: its
 * nodes run on this machine.
 */
export function lacksMeans(environment: Environment, row: CatalogueRow): NotRun | null {
  const { ownedByUs, power } = traitsOf(environment);
  if (ownedByUs) return null;
  // Write access to a template means running any code with every account and Secret of that namespace. The undo Job would need that
  // right too, and every run may use its account. So no account in deploy/rbac.yaml has it.
  if (row.writesTemplate === true)
    return {
      by: 'never',
      text: 'it changes the template of a Deployment: a right to run anything in the namespace of the platform, which no account of Plumbline has outside the embedded environment',
    };
  const fault = faultIn(environment, row.id);
  if (fault === undefined) return null;
  const refusal = faultOf(fault).refusal({
    nodeImage: environment.drills.nodeImage,
    power: power !== undefined,
  });
  return because('means', refusal);
}
