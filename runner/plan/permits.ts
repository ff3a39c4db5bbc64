import type { Environment } from '../../env/schema.ts';
import { faultIn, rowOf, whyNotRun } from '../../suites/catalogue/index.ts';
import { faults } from '../../faults/index.ts';
import type { Asking, ClusterPermits } from './cluster-permit.ts';
import { timeoutMsOf } from './environment-parts.ts';
import type { Mutation, Permit } from '../provider-safety.ts';

/**
 * Why a mutation is not permitted here, called before each one: a permit can expire during a run. Controls are permitted: `runControls` has
 * made sure that the cluster is a stamped one.
 */
export function refusalOf(
  environment: Environment,
  mutation: Pick<Mutation, 'access' | 'check'>,
): string | null {
  if (mutation.access === 'control') return null;
  const row = rowOf(mutation.check);
  if (row === undefined) return `there is no check "${mutation.check}"`;
  return whyNotRun(environment, row)?.text ?? null;
}

/** What the owners of the cluster are asked about a check. */
export function askingOf(environment: Environment, check: string): Asking {
  const fault = faultIn(environment, check);
  // A fault that does not end by itself is undone at the latest by the timers.
  const lasts = fault !== undefined && faults.get(fault)?.heals === false;
  return { check, fault, ...(lasts && { staysMs: timeoutMsOf(environment, 'restoreDeadline') }) };
}

/** As `refusalOf`; for faults also whether both permits, and where one is required that of the cluster, last as long as the fault may. */
export function permitOf(environment: Environment, cluster: ClusterPermits | null): Permit {
  return (mutation) => {
    const refusal = refusalOf(environment, mutation);
    if (refusal !== null || cluster === null || mutation.access !== 'fault') return refusal;
    const { check } = mutation;
    const asking = askingOf(environment, check);
    const { fault: declared } = asking;
    // The request comes from another process, and permits cover only the declared fault.
    const injected = faults.get(mutation.fault ?? '')?.id;
    if (injected !== undefined && injected !== declared)
      return `${check} may inject ${declared ?? 'no fault'}, but asks for ${injected}`;
    return outlasting(environment, asking) ?? cluster.problem(asking);
  };
}

/** Why the permit of the environment file does not hold for as long as the fault may stay; null: it does, or there is none that lasts. */
export function outlasting(environment: Environment, { check, staysMs = 0 }: Asking): string | null {
  const row = rowOf(check);
  const later = row === undefined ? null : whyNotRun(environment, row, new Date(Date.now() + staysMs));
  return later === null
    ? null
    : `its fault may stay for ${staysMs / 1000} s (timeouts.restoreDeadline), and by then it would be ${later.text}`;
}

/** Which of the checks either permit refuses before anything is done, and why; and what makes the owners' permit no guard. */
export async function refusedNow(
  environment: Environment,
  checks: readonly string[],
  cluster: ClusterPermits,
): ReturnType<ClusterPermits['ask']> {
  const askings = checks.map((check) => askingOf(environment, check));
  const { refused, weakness } = await cluster.ask(askings);
  for (const asking of askings) {
    const reason = outlasting(environment, asking);
    if (reason !== null) refused.set(asking.check, reason);
  }
  return { refused, weakness };
}

/** Why a check may not begin to make load now, by both permits: they may have ended while other checks ran. null: it may. */
export async function refusalOfLoad(
  environment: Environment,
  check: string,
  cluster: ClusterPermits | null,
): Promise<string | null> {
  const refusal = refusalOf(environment, { check, access: 'canary' });
  if (refusal !== null || cluster === null) return refusal;
  const asking = askingOf(environment, check);
  // A load for a fault that would be refused is of no use.
  return outlasting(environment, asking) ?? (await cluster.problem(asking));
}
