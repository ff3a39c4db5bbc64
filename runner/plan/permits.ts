import type { Environment } from '../../env/schema.ts';
import { faultIn, rowOf, whyNotRun } from '../../suites/catalogue/index.ts';
import { faults } from '../../faults/index.ts';
import type { ClusterPermits } from './cluster-permit.ts';
import type { Mutation, Permit } from '../provider-safety.ts';

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
    const declared = faultIn(environment, check);
    // Whoever asks for a fault is a process of its own, and the permits were for the one that is declared.
    const injected = faults.get(mutation.fault ?? '')?.id;
    if (injected !== undefined && injected !== declared)
      return `${check} may inject ${declared ?? 'no fault'}, and asks for ${injected}`;
    return cluster.problem({ check, fault: declared });
  };
}
