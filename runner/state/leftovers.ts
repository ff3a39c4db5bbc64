import { existsSync } from 'node:fs';
import { provisionedOf } from '../../env/providers/index.ts';
import type { InstanceName } from '../../host/paths.ts';
import type { Environment } from '../../env/schema.ts';
import { embeddedOf, timeoutMsOf } from '../plan/environment-parts.ts';
import {
  kubeCallFrom,
  HeldError,
  leftOpen,
  refuseWhileHeld,
  restoreEnvironment,
  safetyFolder,
} from '../provider-safety.ts';
import type { RestoreReport } from '../provider-safety.ts';
import { Journal } from '../safety/journal/journal.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** What an earlier run has left undone on this machine, for the next command to report first; null: nothing. */
export function leftBroken(environment: Environment): string | null {
  const open = leftOpen(safetyFolder(environment.name, embeddedOf(environment)));
  return open === null
    ? null
    : `${open}; \`plumbline restore --env ${environment.envOption}\` undoes it at once`;
}

/**
 * To be called before an embedded environment is inspected: undoes what a killed run left, unless another process holds the environment.
 * Otherwise a cluster that is only disturbed would be found unhealthy and provisioned again.
 * @returns the report; null when nothing was left
 * @throws HeldError when a living process holds it.
 */
export async function restoreLeftovers(
  environment: Environment,
  instance: InstanceName,
  how: { say(line: string): void; signal: AbortSignal },
): Promise<RestoreReport | null> {
  refuseWhileHeld(environment.name, instance);
  const folder = safetyFolder(environment.name, instance);
  const there = await clusterOf(environment);
  if (there === null || new Journal(folder).open().length === 0) return null;
  const { uid, kubeconfig } = there;
  how.say('  restoring what an earlier run left undone');
  const kube = kubeCallFrom(kubeconfig);
  try {
    const report = await restoreEnvironment({
      environment: environment.name,
      embedded: instance,
      clusterUid: uid,
      kube: kube.call,
      kubeconfig,
      runId: 'leftovers',
      systemNamespace: environment.namespaces.system,
      undoImage: environment.drills.undoImage,
      undoReadyMs: timeoutMsOf(environment, 'podReady'),
      restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
      notice: (message) => how.say(`  ${message}`),
      signal: how.signal,
    });
    for (const line of report.undone) how.say(`  undone: ${line}`);
    for (const line of report.failed) how.say(`  not undone: ${line}`);
    return report;
  } catch (error) {
    how.signal.throwIfAborted();
    if (error instanceof HeldError) throw error;
    // If even this fails, `env up` has to heal the cluster or provision it again.
    how.say(`  the environment could not be restored: ${errorText(error)}`);
    return null;
  } finally {
    kube.close();
  }
}

/** The provisioned cluster, possibly disturbed; null: there is none. */
async function clusterOf({ cluster }: Environment): Promise<{ uid: string; kubeconfig: string } | null> {
  const provisioned = await provisionedOf(cluster);
  const uid = provisioned?.uid();
  if (provisioned === undefined || uid === undefined) return null;
  const kubeconfig = provisioned.kubeconfig();
  return existsSync(kubeconfig) ? { uid, kubeconfig } : null;
}
