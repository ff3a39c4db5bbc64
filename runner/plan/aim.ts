import { faultOf, faults } from '../../faults/index.ts';
import { failoverParts } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import type { Environment, StoreName } from '../../env/schema.ts';
import { storeDriver, STORES } from '../../probes/stores.ts';

/** Targets of a drill. */
export type Target = 'leader' | 'replica' | 'random' | 'majority' | 'master';

interface Aim {
  target?: Target | undefined;
  also?: 'api'[] | undefined;
}

/**
 * Refuses an aim that can hit no member. Who holds which role is known only at the fault, which is inconclusive if it finds no target.
 * @throws CommandError 64 with what could be aimed at instead
 */
export function refuseAim(environment: Environment, check: string, aim: Aim): void {
  const problem = problemOf(environment, check, aim);
  if (problem !== null) throw new CommandError(`${check}: ${problem}`, EXIT.usage);
}

/** Why an aim makes no sense for the check; null when it does. */
function problemOf(environment: Environment, check: string, { target, also }: Aim): string | null {
  if (target === undefined && also === undefined) return null;
  const parts = failoverParts(check);
  if (parts === null) return '--target and --also apply only to failover checks of a store';
  const { store } = parts;
  const fault = faultOf(parts.fault);
  if (also !== undefined && !also.every((one) => fault.also?.includes(one) === true))
    return `--also works only with ${cutting()}, not with ${fault.id}`;
  if (target === undefined || target === 'leader') return null;
  if (fault.leaderOnly === true)
    return `${fault.id} always targets the leader, never the ${target}: leave --target out`;
  return membersProblem(environment, store, target);
}

/** Names of the faults that can cut off more than peers. */
function cutting(): string {
  return [...faults.values()].flatMap(({ id, also }) => (also === undefined ? [] : [id])).join(', ');
}

function membersProblem(
  environment: Environment,
  store: StoreName,
  target: Exclude<Target, 'leader'>,
): string | null {
  const members = environment.stores[store]?.members ?? 0;
  if (target !== 'random' && members < 2)
    return `${store} has a single member in this environment, its leader: use --target leader`;
  return target === 'master' ? masterProblem(store) : null;
}

function masterProblem(store: string): string | null {
  if (!STORES.includes(store) || storeDriver(store).hasMaster === true) return null;
  return `${store} has no master besides the leader of its data: use --target leader`;
}
