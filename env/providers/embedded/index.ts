/**
 * A Kubernetes on this machine, which Plumbline provisions and removes. The code for that (`env/local/`) is large, and is loaded on
 * demand.
 */
import { existsSync } from 'node:fs';
import { CommandError, EXIT, exitCodeOf } from '../../../host/errors.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { declaredWords } from '../../declared-words.ts';
import { provisionedHere } from '../../local/provisioned.ts';
import { readStamp } from '../../local/state/stamp.ts';
import type { Stamp } from '../../local/state/stamp.ts';
import type { ProviderShapes } from '../declaring.ts';
import { BlockedError } from '../provider.ts';
import type { Connecting, Provider, Reached } from '../provider.ts';

type Embedded = ProviderShapes['embedded'];

export const provider: Provider<'embedded'> = {
  connect: async (cluster, how) =>
    how.provision ? provisioned(cluster, how) : asItIs(cluster, how.environment.name),
  provisioned: ({ embedded }) => provisionedHere(embedded),
  provisioning: () => import('./provisioning.ts'),
  injector: async ({ embedded: instance, size }, how) => {
    const { NodeInjector } = await import('../../local/node-injector.ts');
    return new NodeInjector({ instance, size, ...how });
  },
  undo: async () => (await import('./undo.ts')).undo,
};

/** The cluster must be the one that `env up` recorded in the stamp. */
function pinOf({ uid, caSha256 }: Stamp): Reached['pin'] {
  return { kubeSystemUid: uid, caSha256 };
}

/** @throws CommandError (64) when it was never provisioned to the end. */
function asItIs({ embedded: instance }: Embedded, environment: string): Reached {
  const stamp = readStamp(instance);
  const kubeconfig = provisionedHere(instance).kubeconfig();
  if (stamp !== null && stamp.fingerprint !== null && existsSync(kubeconfig))
    return { kubeconfig, pin: pinOf(stamp), platformReady: null };
  throw new CommandError(
    `${instance} is not up: \`plumbline env up --env ${environment}\` provisions it`,
    EXIT.usage,
  );
}

async function provisioned({ embedded: instance, size }: Embedded, how: Connecting): Promise<Reached> {
  const { environment, onProgress, signal } = how;
  // Rollbacks come first: a cluster that is only disturbed would seem unhealthy and be provisioned again.
  await how.restoreLeftovers();
  const local = await import('../../local/index.ts');
  try {
    const { kubeconfig, stamp, platformReady } = await local.up({
      instance,
      size,
      with: declaredWords(environment),
      // Checked under the instance's lock, in case another run has taken hold of it since. This run does not hold it yet.
      refuse: how.refuseWhileHeld,
      onProgress,
      signal,
    });
    return { kubeconfig, pin: pinOf(stamp), platformReady };
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
