import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import type { RunState } from '../state/run-state.ts';

/** Without its namespace the platform is absent: checks that need it fail, instead of being inconclusive. */
export async function judgesNamespace(
  runState: RunState,
  cluster: KubeCluster,
  planned: readonly PlannedCheck[],
): Promise<void> {
  const name = runState.environment.namespaces.platform;
  const listed = await cluster.list({ kind: 'v1/Namespace' });
  if (listed.unavailable !== undefined) return;
  if (listed.items.some(({ metadata }) => metadata.name === name)) return;
  const concerned = planned.filter(({ row }) => row.withoutPlatform !== true);
  await runState.concludeRest(concerned, {
    verdict: 'fail',
    message: `the namespace ${name} is missing, and the platform with it`,
  });
}
