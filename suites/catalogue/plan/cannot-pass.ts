import { traitsOf } from '../../../env/providers/declared.ts';
import type { Environment } from '../../../env/schema.ts';
import type { Right } from '../../../probes/kubernetes/access/rights.ts';
import type { Goals } from '../../../reports/record/goals.ts';
import { rightsWith } from '../rights.ts';
import type { CatalogueRow } from '../types.ts';
import { accessIn } from './access.ts';
import { faultIn } from './goals.ts';

/** The rights that a check needs in an environment, with the fault that is declared there. */
export function rightsIn(environment: Environment, row: CatalogueRow): Right[] {
  const { injects } = row;
  const fault = faultIn(environment, row.id);
  const here = { ...row, injects: injects && { ...injects, ...(fault !== undefined && { fault }) } };
  return rightsWith(here, accessIn(environment, row));
}

/**
 * Why a check that runs there cannot pass, whatever it sees: by what the environment declares, or because it needs a right that no documented role
 * gives. It fails or is inconclusive. null: it can pass.
 */
export function cannotPass(environment: Environment, row: CatalogueRow, goals: Goals): string | null {
  return row.cannotPass?.(environment, goals) ?? rightGivenToNobody(environment, row);
}

function rightGivenToNobody(environment: Environment, row: CatalogueRow): string | null {
  if (traitsOf(environment).ownedByUs) return null;
  const right = rightsIn(environment, row).find(({ notGiven }) => notGiven !== undefined);
  if (right === undefined) return null;
  const { verbs, resource, where, notGiven = '' } = right;
  return `no documented role has the right to ${verbs.join(' and ')} ${resource} in ${where}: ${notGiven}`;
}
