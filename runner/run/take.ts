import type { Environment } from '../../env/schema.ts';
import type { ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { ClusterPermits } from '../plan/cluster-permit.ts';
import { embeddedOf, lockMode, timeoutMsOf } from '../plan/environment-parts.ts';
import { permitOf } from '../plan/permits.ts';
import { NoChanges, openSafety, othersAtWork, type KubeCall, type RunSafety } from '../provider-safety.ts';
import type { Connection } from './connect.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';

interface Taking {
  environment: Environment;
  /** The checks that will run. */
  toRun: readonly PlannedCheck[];
  connection: Connection;
  kube: KubeCall;
  permits: ClusterPermits | null;
  runId: string;
  readOnly: ReadOnlyGuard | undefined;
  notice: (message: string) => void;
  signal: AbortSignal;
}

/**
 * Takes the environment for a run, with its Lease, its journal and its timers. One that only reads takes nothing: others may hold it, and what they
 * do or have left is reported.
 * @throws as `ensureOwnNamespaces` and `openSafety`
 */
export async function takeEnvironment(of: Taking): Promise<RunSafety> {
  const { environment, connection, kube, readOnly, notice } = of;
  const { system } = environment.namespaces;
  const place = { environment: environment.name, embedded: embeddedOf(environment), kube };
  if (readOnly !== undefined) {
    for (const line of await othersAtWork({ ...place, namespace: system })) notice(line);
    return new NoChanges(readOnly);
  }
  await ensureOwnNamespaces(environment, kube);
  return openSafety({
    ...place,
    envOption: environment.envOption,
    clusterUid: connection.uid,
    kubeconfig: connection.kubeconfig,
    runId: of.runId,
    systemNamespace: system,
    undoImage: environment.drills.undoImage,
    undoReadyMs: timeoutMsOf(environment, 'podReady'),
    permit: permitOf(environment, of.permits),
    // Owners were asked to permit what disturbs, and some of it may have been left out since; in an embedded environment nobody else runs.
    disturbs: of.permits !== null && of.toRun.some((one) => lockMode(one, environment) === 'exclusive'),
    restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
    notice,
    signal: of.signal,
  });
}
