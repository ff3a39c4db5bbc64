import type { Environment } from '../../env/schema.ts';
import { faultIn, rowOf, whyNotRun } from '../../suites/catalogue/index.ts';
import type { ClusterPermits } from './cluster-permit.ts';
import type { Mutation, Permit } from '../embedded-safety.ts';

/**
 * Why a mutation may not be done in this environment, asked before each one: a permit can end while a run goes on. Controls
 * are let through: they run on stamped clusters only, which `runControls` has made sure of.
 */
export function refusalOf(environment: Environment, mutation: Mutation): string | null {
  if (mutation.access === 'control') return null;
  const row = rowOf(mutation.check);
  if (row === undefined) return `there is no check "${mutation.check}"`;
  return whyNotRun(environment, row);
}

/** The same, and for faults the permit in the cluster as well, where there has to be one. */
export function permitOf(environment: Environment, cluster: ClusterPermits | null): Permit {
  return (mutation) => {
    const refusal = refusalOf(environment, mutation);
    if (refusal !== null || cluster === null || mutation.access !== 'fault') return refusal;
    const { check } = mutation;
    return cluster.problem({ check, fault: faultIn(environment, check) });
  };
}
