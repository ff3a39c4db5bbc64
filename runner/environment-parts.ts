import type { Environment } from '../env/schema.ts';
import type { InstanceName } from '../env/local/nodes/index.ts';
import { storeFault, type PlannedCheck } from '../env/catalogue/index.ts';
import { settingsFor } from '../env/settings.ts';

/** The instance of the embedded environment; undefined for any other. */
export function embeddedOf(environment: Environment): InstanceName | undefined {
  return 'embedded' in environment.cluster ? environment.cluster.embedded : undefined;
}

export function sizeOf(environment: Environment): 'small' | 'full' | undefined {
  return 'embedded' in environment.cluster ? environment.cluster.size : undefined;
}

/** A named time-out, ms. */
export function timeoutMsOf(environment: Environment, name: keyof Environment['timeouts']): number {
  return environment.timeouts[name].seconds * 1000;
}

/** What a history's header says of the environment: what the check needs, with every named time-out in ms. */
export function headerSettings(check: string, environment: Environment): Record<string, unknown> {
  const settings = settingsFor(check, environment);
  const subject = storeFault(check);
  if (!subject) return settings;
  const declared = environment.stores[subject.store];
  return {
    ...settings,
    ...subject,
    rtoDeadlineMs: timeoutMsOf(environment, 'rtoDeadline'),
    members: declared?.members ?? 0,
  };
}

/** Readers share the environment; what injects a fault has it alone. */
export function lockMode(planned: PlannedCheck, environment: Environment): 'shared' | 'exclusive' {
  const access = planned.row.access[environment.kind];
  return access === 'F' || access === 'permit' ? 'exclusive' : 'shared';
}

/**
 * Longest time for all trials of a check. A failover trial waits for: steady state, a quiet stretch, landing, recovery, the
 * members' return, read-back, settling. Another check waits for a few of the longest at most.
 */
export function checkTimeoutMs(planned: PlannedCheck, environment: Environment): number {
  const sum = (...names: (keyof Environment['timeouts'])[]) =>
    names.reduce((total, name) => total + timeoutMsOf(environment, name), 0);
  if (storeFault(planned.row.id)) {
    const trial = sum(
      'steadyState',
      'steadyState',
      'faultLanding',
      'podReady', // of a privileged pod
      'switchover',
      'faultHold',
      'nodeReady',
      'rtoDeadline',
      'membersRejoined',
      'rtoDeadline', // writes go on after the members' return
      'workloadStop',
      'readBack',
      'settle', // and once more, where a member went away meanwhile
      'readBack',
      'settle',
      'settle',
      'membersRejoined', // of the other stores
    );
    return planned.trials * (trial + environment.drills.steadySeconds * 1000);
  }
  const own = FAMILIES.find(({ prefix }) => planned.row.id.startsWith(prefix));
  if (own !== undefined) return planned.trials * (sum(...own.waits) + windowMs(planned));
  const servers = environment.topology.controlPlane?.nodes ?? 1;
  if (lockMode(planned, environment) === 'exclusive')
    return servers * sum('apiServerDown', 'apiServerUp', 'settle') + sum('settle');
  return sum('podReady', 'podGone', 'volumeBound', 'settle');
}

type Wait = keyof Environment['timeouts'];
/** Failover checks that are no trials of a store, and what one trial of each waits for. */
const FAMILIES: readonly { prefix: string; waits: Wait[]; usualMs: number }[] = [
  {
    prefix: 'failover/backend/',
    waits: [
      'steadyState',
      'podReady',
      'faultLanding',
      'workloadStop',
      'nodeReady',
      'membersRejoined',
      'settle',
      'settle',
      'settle',
    ],
    usualMs: 60_000,
  },
  {
    prefix: 'failover/control-plane/',
    waits: [
      'steadyState',
      'faultLanding',
      'rtoDeadline',
      'rtoDeadline',
      'workloadStop',
      'membersRejoined',
      'membersRejoined',
      'settle',
      'settle',
      'settle',
      'settle',
    ],
    usualMs: 150_000,
  },
];

/** How long requests are sent after the fault; 0 for checks without such a window. */
function windowMs({ goals }: PlannedCheck): number {
  return typeof goals['windowSeconds'] === 'number' ? goals['windowSeconds'] * 1000 : 0;
}

/** A guess of a check's usual time, for the progress shown, ms. Measured on two cores. */
export function estimateMs(planned: PlannedCheck, environment: Environment): number {
  if (storeFault(planned.row.id)) return planned.trials * (environment.drills.steadySeconds * 1000 + 50_000);
  const own = FAMILIES.find(({ prefix }) => planned.row.id.startsWith(prefix));
  if (own !== undefined) return planned.trials * (own.usualMs + windowMs(planned));
  return lockMode(planned, environment) === 'exclusive' ? 90_000 : 4_000;
}
