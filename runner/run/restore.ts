import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import type { Environment } from '../../env/schema.ts';
import { connect } from './connect.ts';
import { embeddedOf, timeoutMsOf } from '../plan/environment-parts.ts';
import { powerOnOf } from '../targets/fault-injector.ts';
import { guarded, interruptible, type CommandResult } from './guard.ts';
import { Interrupt } from './interrupt.ts';
import { leftBroken } from '../state/leftovers.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';
import { Progress } from './progress.ts';
import { kubeCallFrom, restoreEnvironment } from '../provider-safety.ts';

export interface RestoreOptions {
  env: string;
}

/**
 * `plumbline restore`: takes the Lease, undoes the journal's open entries, and switches on nodes that another machine left off, once that
 * machine had time to do it. Exit 0 when nothing is left, else 1; 75 when it may not begin.
 */
export function restore(options: RestoreOptions): Promise<CommandResult> {
  return guarded(async () => {
    const environment = await openEnvironment(options.env, { with: 'provisioned', size: 'provisioned' });
    const progress = new Progress();
    const broken = leftBroken(environment);
    if (broken !== null) progress.say(`${environment.name}: ${broken}`);
    const interrupt = new Interrupt((line) => progress.say(line));
    try {
      return await interruptible(interrupt, () => restored(environment, progress, interrupt.signal));
    } finally {
      progress.close();
      interrupt.close();
    }
  });
}

async function restored(
  environment: Environment,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommandResult> {
  const connection = await connect({ environment, progress, signal, provision: false });
  const kube = kubeCallFrom(connection.kubeconfig, connection.context);
  try {
    await ensureOwnNamespaces(environment, kube.call);
    const report = await restoreEnvironment({
      environment: environment.name,
      embedded: embeddedOf(environment),
      clusterUid: connection.uid,
      kube: kube.call,
      kubeconfig: connection.kubeconfig,
      runId: 'restore',
      systemNamespace: environment.namespaces.system,
      undoImage: environment.drills.undoImage,
      powerOn: powerOnOf(environment),
      restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
      notice: (message) => progress.say(`  ${message}`),
      signal,
    });
    for (const line of report.undone) progress.say(`✔ undone: ${line}`);
    for (const line of report.failed) progress.say(`✘ ${line}`);
    progress.say(
      `${environment.name}: ${report.actions} actions were open, ${report.failed.length} could not be undone`,
    );
    return { exitCode: report.failed.length === 0 ? 0 : 1 };
  } finally {
    kube.close();
    connection.cluster.close();
  }
}
