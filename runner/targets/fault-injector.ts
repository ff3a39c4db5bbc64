import { traitsOf } from '../../env/providers/declared.ts';
import { providerOf } from '../../env/providers/index.ts';
import type { Environment } from '../../env/schema.ts';
import type { FaultContext, FaultInjector, FaultSurroundings } from '../../faults/_common/fault.ts';
import type { PowerOn } from '../../faults/_common/rollback.ts';
import { PodInjector } from '../../faults/injectors/pod.ts';
import { nodePower, unnameable } from '../../faults/injectors/power.ts';
import type { PowerCommands } from '../../faults/injectors/power.ts';
import type { ServedRunner } from '../serve/served.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';

/** The parts of an environment that decide which faults can be injected. */
export function surroundingsOf(environment: Environment): FaultSurroundings {
  const { instance, power } = traitsOf(environment);
  return {
    embedded: instance,
    nodeImage: environment.drills.nodeImage,
    power: power !== undefined,
  };
}

type Shared = Pick<FaultContext, 'check' | 'perform' | 'write' | 'kube' | 'timeoutMs' | 'signal'>;

/** The injector for faults on nodes: on this machine if it holds them, else a privileged pod. */
export async function injectorFor(runner: ServedRunner, shared: Shared): Promise<FaultInjector> {
  const { environment } = runner.runState;
  const landingMs = timeoutMsOf(environment, 'faultLanding');
  const provider = await providerOf(environment.cluster);
  const here = await provider.injector?.(environment.cluster, { landingMs, signal: shared.signal });
  if (here !== undefined) return here;
  const { cluster } = runner.parts;
  return new PodInjector(
    {
      namespace: environment.namespaces.drill,
      image: environment.drills.nodeImage ?? '',
      activeSeconds: Math.ceil(timeoutMsOf(environment, 'restoreDeadline') / 1000),
      landingMs,
      readyMs: timeoutMsOf(environment, 'podReady'),
      exec: (pod, command) => {
        const timeoutMs = landingMs + timeoutMsOf(environment, 'apiRequest');
        return cluster.exec({ ...pod, command, timeoutMs }, shared.signal);
      },
      power: powerOf(environment),
    },
    shared,
  );
}

/** The commands to switch a machine on, from the environment file, or why they cannot name it; null if it declares none. */
export function powerOnOf(environment: Environment): PowerOn | null {
  const power = powerOf(environment);
  if (power === null) return null;
  return (machine) => {
    const reason = unnameable(machine, power);
    return reason === null ? nodePower(machine, power) : { reason };
  };
}

function powerOf(environment: Environment): PowerCommands | null {
  const { power } = traitsOf(environment);
  return power === undefined ? null : { ...power, timeoutMs: timeoutMsOf(environment, 'nodePower') };
}
