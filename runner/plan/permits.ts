import type { Environment } from '../../env/schema.ts';
import { faultIn, rowOf, whyNotRun } from '../../suites/catalogue/index.ts';
import { faults } from '../../faults/index.ts';
import type { ClusterPermits } from './cluster-permit.ts';
import type { Mutation, Permit } from '../provider-safety.ts';

/**
 * Why a mutation is not permitted here, called before each one: a permit can expire during a run. Controls are permitted: `runControls` has
 * made sure that the cluster is a stamped one.
 */
export function refusalOf(environment: Environment, mutation: Mutation): string | null {
  if (mutation.access === 'control') return null;
  const row = rowOf(mutation.check);
  if (row === undefined) return `there is no check "${mutation.check}"`;
  return whyNotRun(environment, row);
}

/** As `refusalOf`; for faults the cluster's permit, too, where one is required. */
export function permitOf(environment: Environment, cluster: ClusterPermits | null): Permit {
  return (mutation) => {
    const refusal = refusalOf(environment, mutation);
    if (refusal !== null || cluster === null || mutation.access !== 'fault') return refusal;
    const { check } = mutation;
    const declared = faultIn(environment, check);
    // The request comes from another process, and permits cover only the declared fault.
    const injected = faults.get(mutation.fault ?? '')?.id;
    if (injected !== undefined && injected !== declared)
      return `${check} may inject ${declared ?? 'no fault'}, but asks for ${injected}`;
    return cluster.problem({ check, fault: declared });
  };
}
