import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { BlockedError } from '../../env/providers/provider.ts';
import type { Environment } from '../../env/schema.ts';
import { KubeError } from '../../probes/kubernetes/index.ts';
import { connect } from './connect.ts';
import { embeddedOf, timeoutMsOf } from '../plan/environment-parts.ts';
import { powerOnOf } from '../targets/fault-injector.ts';
import { guarded, interruptible, type CommandResult } from './guard.ts';
import { Interrupt } from './interrupt.ts';
import { leftBroken } from '../state/leftovers.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';
import { Progress } from './progress.ts';
import { kubeCallTo, restoreEnvironment, restoreWithoutCluster } from '../provider-safety.ts';
import type { RestoreReport } from '../provider-safety.ts';

export interface RestoreOptions {
  env: string;
}

/**
 * `plumbline restore`: takes the Lease, undoes the journal's open entries, and switches on nodes that another machine left off, once that
 * machine had time to do it. Exit 0 when nothing is left, else 1; 75 when it may not begin; 2 when the API server gives no answer, after
 * what needs none was undone.
 */
export function restore(options: RestoreOptions): Promise<CommandResult> {
  return guarded(async () => {
    const environment = await openEnvironment(options.env, { with: 'provisioned', size: 'provisioned' });
    const progress = new Progress();
    const broken = leftBroken(environment);
    if (broken !== null) progress.say(`${environment.name}: ${broken}`);
    const interrupt = new Interrupt((line) => progress.say(line));
    try {
      return await interruptible(interrupt, () => restoreIn(environment, progress, interrupt.signal));
    } finally {
      progress.close();
      interrupt.close();
    }
  });
}

/**
 * @throws BlockedError when the API server gives no answer: what needs none is undone by then; HeldError while a process of this machine
 * holds the environment
 */
export async function restoreIn(
  environment: Environment,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommandResult> {
  try {
    return await restored(environment, progress, signal);
  } catch (error) {
    if (!(error instanceof BlockedError || error instanceof KubeError)) throw error;
    signal.throwIfAborted();
    const { name, envOption } = environment;
    const report = await restoreWithoutCluster({ environment: name, embedded: embeddedOf(environment) });
    if (report.actions === 0) throw error;
    say(report, progress);
    throw new BlockedError(
      `${error.message}. Without the API server ${report.undone.length} of ${report.actions} actions were undone; once it answers, type \`plumbline restore --env ${envOption}\` again: it undoes the rest, and tells other machines`,
      { cause: error },
    );
  }
}

async function restored(
  environment: Environment,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommandResult> {
  const connection = await connect({ environment, progress, signal, provision: false });
  const kube = kubeCallTo(connection.cluster);
  try {
    await ensureOwnNamespaces(environment, kube.call);
    const report = await restoreEnvironment({
      environment: environment.name,
      envOption: environment.envOption,
      embedded: embeddedOf(environment),
      clusterUid: connection.uid,
      kube: kube.call,
      kubeconfig: connection.kubeconfig,
      runId: 'restore',
      systemNamespace: environment.namespaces.system,
      undoImage: environment.drills.undoImage,
      undoReadyMs: timeoutMsOf(environment, 'podReady'),
      powerOn: powerOnOf(environment),
      restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
      notice: (message) => progress.say(`  ${message}`),
      signal,
    });
    say(report, progress);
    progress.say(
      `${environment.name}: ${report.actions} actions were open, ${report.failed.length} could not be undone`,
    );
    return { exitCode: report.failed.length === 0 ? 0 : 1 };
  } finally {
    kube.close();
    connection.cluster.close();
  }
}

function say({ undone, failed }: RestoreReport, progress: Progress): void {
  for (const line of undone) progress.say(`✓ undone: ${line}`);
  for (const line of failed) progress.say(`✗ ${line}`);
}
