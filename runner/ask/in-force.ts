import type { Environment } from '../../env/schema.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { RunSafety } from '../provider-safety.ts';

/** What is needed of the runner. */
interface Looking {
  runState: { environment: Pick<Environment, 'namespaces'> };
  parts: { cluster: Pick<KubeCluster, 'get'>; safety: Pick<RunSafety, 'pending'> };
}

/**
 * To be called right before a lasting fault is undone: a privileged pod that has ended, or whose container was started again, has undone the
 * fault already (faults/injectors/agent.sh), and the target had more time to recover than the trial gave it. Never throws: undoing comes next.
 * @returns why the fault may have ended early; null: it was in force until now
 */
export async function endedEarly({ runState, parts }: Looking, check: string): Promise<string | null> {
  const { drill } = runState.environment.namespaces;
  const names = parts.safety
    .pending({ check, access: 'fault' })
    .flatMap(({ rollback }) => (rollback.kind === 'kube-end' ? [rollback.path.split('/').at(-1) ?? ''] : []));
  const seen = await Promise.all(names.map((name) => whyNot(parts.cluster, { namespace: drill, name })));
  return seen.filter((one) => one !== null).join('; ') || null;
}

async function whyNot(
  cluster: Pick<KubeCluster, 'get'>,
  { namespace, name }: { namespace: string; name: string },
): Promise<string | null> {
  const what = `the privileged pod ${namespace}/${name}, which undoes the fault when it ends or starts again,`;
  try {
    const pod = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace, name });
    if (pod === null) return `${what} was gone before the fault was to be undone`;
    const { metadata, status } = pod;
    const { phase = 'without a phase', reason = '', containerStatuses = [] } = status;
    if (metadata.deletionTimestamp !== undefined) return `${what} was being deleted before that`;
    if (phase !== 'Running') return `${what} was ${phase} ${reason}`.trim();
    const restarts = containerStatuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
    return restarts === 0
      ? null
      : `${what} had started again ${restarts} ${restarts === 1 ? 'time' : 'times'}`;
  } catch (error) {
    return `whether ${what} still ran is not known: ${errorText(error)}`;
  }
}
