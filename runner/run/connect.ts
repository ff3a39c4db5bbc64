import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { declaredWords } from '../../env/declared-words.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import type { InstanceName } from '../../env/local/nodes/index.ts';
import { stateDir } from '../../host/paths.ts';
import type { UpProgress } from '../../env/local/progress.ts';
import { readStamp, type Stamp } from '../../env/local/state/stamp.ts';
import type { Environment } from '../../env/schema.ts';
import {
  KubeError,
  openCluster,
  unavailableText,
  type ClusterPin,
  type KubeCluster,
} from '../../probes/kubernetes/index.ts';
import { requireKubeconfig } from '../plan/configuration.ts';
import { embeddedOf, sizeOf, timeoutMsOf } from '../plan/environment-parts.ts';
import { restoreLeftovers } from '../state/leftovers.ts';
import type { Progress } from './progress.ts';
import { refuseWhileHeld } from '../embedded-safety.ts';
import type { RestoreReport } from '../embedded-safety.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** A cluster that is the one it should be. */
export interface Connection {
  cluster: KubeCluster;
  kubeconfig: string;
  context: string | undefined;
  uid: string;
  version: string;
  /** Null for an environment that is provisioned by others, or was before. */
  platformReady: Promise<void> | null;
  /** What an earlier run had left and was restored on the way here; null: nothing. */
  restored: RestoreReport | null;
}

/** The environment cannot be asked anything: every check is inconclusive, with this reason. */
export class BlockedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlockedError';
  }
}

export interface ConnectOptions {
  environment: Environment;
  progress: Progress;
  signal: AbortSignal;
  /** Controls and `restore` take the environment as it is; `run` provisions an embedded one that is not up. */
  provision: boolean;
}

interface Reached {
  kubeconfig: string;
  context?: string | undefined;
  pin: { kubeSystemUid: string; caSha256: string };
  platformReady: Promise<void> | null;
  restored?: RestoreReport | null;
}

/**
 * Reaches the environment and compares it with its pin before anything is done.
 * @throws CommandError (64) for a kubeconfig that is not there and for another cluster than the pinned one; BlockedError when it does not answer or refuses us.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { environment, signal } = options;
  const instance = embeddedOf(environment);
  const reached = instance === undefined ? external(environment) : await embedded(instance, options);
  const cluster = openKubeconfig(reached, environment, signal);
  try {
    const pin = await answered(cluster.pin(signal), signal);
    comparePin(reached, pin, environment);
    const version = await answered(cluster.version(signal), signal);
    const { kubeconfig, context, platformReady, restored = null } = reached;
    return { cluster, kubeconfig, context, uid: pin.uid, version, platformReady, restored };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

function external(environment: Environment): Reached {
  const { cluster } = environment;
  if (!('kubeconfig' in cluster))
    throw new BlockedError(`${environment.name} is a Compose project; its checks are not built`);
  const { kubeconfig: source, context, pin } = cluster;
  requireKubeconfig(environment);
  const path = 'file' in source ? source.file : (process.env[source.env] ?? '');
  return { kubeconfig: path, context, pin, platformReady: null };
}

/** @throws CommandError (64) when it was never provisioned to the end. */
function asItIs(instance: InstanceName, environment: Environment): Reached {
  const stamp = readStamp(instance);
  const kubeconfig = join(stateDir(instance), 'kubeconfig');
  if (stamp !== null && stamp.fingerprint !== null && existsSync(kubeconfig))
    return { kubeconfig, pin: pinOf(stamp), platformReady: null };
  throw new CommandError(
    `${instance} is not up: \`plumbline env up --env ${environment.name}\` provisions it`,
    EXIT.usage,
  );
}

/** For the embedded environment the stamp that `env up` left is the pin. */
async function embedded(instance: InstanceName, options: ConnectOptions): Promise<Reached> {
  const { environment, progress, signal } = options;
  if (!options.provision) return asItIs(instance, environment);
  const restored = await restoreLeftovers(environment, instance, {
    say: (line) => progress.say(line),
    signal,
  });
  // Loaded only where it is needed: it brings the whole embedded environment with it.
  const local = await import('../../env/local/index.ts');
  try {
    const words = declaredWords(environment);
    const up = await local.up({
      instance,
      size: sizeOf(environment) ?? 'small',
      with: words,
      // Asked under the instance's lock: whoever began to hold it since we looked keeps it. We ourselves hold nothing yet.
      refuse: () => refuseWhileHeld(instance),
      onProgress: (seen) => progress.doing(provisioning(instance, seen), seen.remainingMs ?? 0),
      signal,
    });
    return { kubeconfig: up.kubeconfig, pin: pinOf(up.stamp), platformReady: up.platformReady, restored };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof local.PreflightError)
      throw new CommandError(error.message, EXIT.usage, { cause: error });
    if (error instanceof local.EnvironmentHeldError)
      throw new CommandError(error.message, EXIT.refused, { cause: error });
    throw exitCodeOf(error) === undefined
      ? new BlockedError(`${instance} could not be provisioned: ${errorText(error)}`, { cause: error })
      : error;
  }
}

function provisioning(instance: string, seen: UpProgress): string {
  return `provisioning ${instance}: ${seen.step} (${seen.index} of ${seen.of}) ${seen.message}`;
}

/** `env up` stamps what it provisioned; for the embedded environment that is the pin. */
function pinOf(stamp: Stamp): Reached['pin'] {
  return { kubeSystemUid: stamp.uid, caSha256: stamp.caSha256 };
}

function openKubeconfig(reached: Reached, environment: Environment, signal: AbortSignal): KubeCluster {
  const { kubeconfig, context } = reached;
  try {
    const requestTimeoutMs = timeoutMsOf(environment, 'apiRequest');
    return openCluster({ kubeconfig, ...(context !== undefined && { context }), signal, requestTimeoutMs });
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

function comparePin({ pin, kubeconfig }: Reached, seen: ClusterPin, environment: Environment): void {
  const differences: string[] = [];
  if (pin.kubeSystemUid !== seen.uid)
    differences.push(`UID of kube-system: pinned ${pin.kubeSystemUid}, seen ${seen.uid}`);
  if (pin.caSha256 !== seen.caSha256)
    differences.push(`SHA-256 of the CA: pinned ${pin.caSha256}, seen ${seen.caSha256 ?? 'none'}`);
  if (differences.length === 0) return;
  throw new CommandError(
    `The kubeconfig ${kubeconfig} points at ${seen.server}, which is not the cluster that ${environment.name} pins; nothing was touched.\n` +
      differences.map((line) => `  ${line}`).join('\n'),
    EXIT.usage,
  );
}

/** The exit code that an error asks for, if it does. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
    return error.exitCode;
  return undefined;
}
