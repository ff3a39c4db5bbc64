import { CommandError, EXIT } from '../../host/errors.ts';
import { providerOf } from '../../env/providers/index.ts';
import { BlockedError } from '../../env/providers/provider.ts';
import type { Reached, UpProgress } from '../../env/providers/provider.ts';
import type { Environment } from '../../env/schema.ts';
import {
  KubeError,
  openCluster,
  unavailableText,
  type ClusterPin,
  type KubeCluster,
  type ReadOnlyGuard,
} from '../../probes/kubernetes/index.ts';
import { requireKubeconfig } from '../plan/configuration.ts';
import { embeddedOf, timeoutMsOf } from '../plan/environment-parts.ts';
import { restoreLeftovers } from '../state/leftovers.ts';
import type { Progress } from './progress.ts';
import { refuseWhileHeld } from '../provider-safety.ts';
import type { RestoreReport } from '../provider-safety.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** A cluster that matches its pin. */
export interface Connection {
  cluster: KubeCluster;
  /** For the timer on the host; this process does not read it again. */
  kubeconfig: string;
  uid: string;
  version: string;
  /** Null if this run did not provision the environment. */
  platformReady: Promise<void> | null;
  /** The restore of what an earlier run had left, done while connecting; null: none. */
  restored: RestoreReport | null;
}

export interface ConnectOptions {
  environment: Environment;
  progress: Progress;
  signal: AbortSignal;
  /** Controls and `restore` take the environment as it is; `run` provisions an embedded one that is not up. */
  provision: boolean;
  /** Refuses whatever may change something; left out: nothing is refused. */
  readOnly?: ReadOnlyGuard | undefined;
}

/**
 * Reaches the environment and compares it with its pin before anything is done.
 * @throws CommandError (64) for a kubeconfig that is not there and for another cluster than the pinned one; BlockedError when it does not answer or refuses us.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { environment, signal, readOnly } = options;
  const { reached, restored } = await reach(options);
  const cluster = openKubeconfig(reached, environment, { signal, readOnly });
  try {
    const pin = await answered(cluster.pin(signal), signal);
    comparePin(reached, pin, environment);
    const version = await answered(cluster.version(signal), signal);
    const { kubeconfig, platformReady } = reached;
    return { cluster, kubeconfig, uid: pin.uid, version, platformReady, restored };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

/** Connects through the environment's provider, which may restore what an earlier run had left. */
async function reach(options: ConnectOptions): Promise<{ reached: Reached; restored: RestoreReport | null }> {
  const { environment, progress, provision, signal } = options;
  const instance = embeddedOf(environment);
  let restored: RestoreReport | null = null;
  const provider = await providerOf(environment.cluster);
  const reached = await provider.connect(environment.cluster, {
    environment,
    provision,
    onProgress: (seen) =>
      progress.doing(provisioning(instance ?? environment.name, seen), seen.remainingMs ?? 0),
    restoreLeftovers: async () => {
      if (instance === undefined) return;
      restored = await restoreLeftovers(environment, instance, { say: (line) => progress.say(line), signal });
    },
    refuseWhileHeld: () => {
      refuseWhileHeld(environment.name, instance);
    },
    requireNamed: () => requireKubeconfig(environment),
    signal,
  });
  return { reached, restored };
}

function provisioning(name: string, seen: UpProgress): string {
  return `provisioning ${name}: ${seen.step} (${seen.index} of ${seen.of}) ${seen.message}`;
}

function openKubeconfig(
  { kubeconfig, context }: Reached,
  environment: Environment,
  how: Pick<ConnectOptions, 'signal' | 'readOnly'>,
): KubeCluster {
  try {
    const requestTimeoutMs = timeoutMsOf(environment, 'apiRequest');
    return openCluster({ kubeconfig, ...(context !== undefined && { context }), ...how, requestTimeoutMs });
  } catch (cause) {
    const said = errorText(cause);
    throw new CommandError(`the kubeconfig ${kubeconfig} cannot be used: ${said}`, EXIT.usage, { cause });
  }
}

async function answered<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (signal.aborted || !(cause instanceof KubeError)) throw cause;
    throw new BlockedError(unavailableText(cause), { cause });
  }
}

const NO_AUTHORITY =
  'none: the kubeconfig names no certificate authority (without caSha256 the UID alone is compared)';

/** In what a cluster differs from the pinned one, a line each; empty: it is that one. */
export function pinDifferences(pin: Reached['pin'], seen: ClusterPin): string[] {
  const differences: string[] = [];
  if (pin.kubeSystemUid !== seen.uid)
    differences.push(`UID of kube-system: pinned ${pin.kubeSystemUid}, seen ${seen.uid}`);
  if (pin.caSha256 !== undefined && !seen.authorities.includes(pin.caSha256))
    differences.push(
      `SHA-256 of the CA: pinned ${pin.caSha256}, seen ${seen.authorities.join(', ') || NO_AUTHORITY}`,
    );
  return differences;
}

function comparePin({ pin, kubeconfig }: Reached, seen: ClusterPin, environment: Environment): void {
  const differences = pinDifferences(pin, seen);
  if (differences.length === 0) return;
  throw new CommandError(
    `The kubeconfig ${kubeconfig} points at ${seen.server}, which is not the cluster that ${environment.name} pins; nothing was touched.\n` +
      differences.map((line) => `  ${line}`).join('\n'),
    EXIT.usage,
  );
}
