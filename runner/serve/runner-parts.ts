import type { KubeCluster, ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import type { ClusterPermits } from '../plan/cluster-permit.ts';
import type { RunState } from '../state/run-state.ts';
import type { BudgetAccount } from '../state/budget.ts';
import type { RunFolder } from '../record/run-folder.ts';
import type { RunSafety } from '../provider-safety.ts';
import type { ApplicationAccess } from '../targets/application-access.ts';
import type { StoreTargets } from '../targets/store-target.ts';

export interface RunnerParts {
  runState: RunState;
  folder: RunFolder;
  cluster: KubeCluster;
  safety: RunSafety;
  /** The guard of a read-only run; left out: the run may do more. */
  readOnly?: ReadOnlyGuard | undefined;
  /** The permit of the cluster's owners, where one is required. */
  permits?: ClusterPermits | null;
  signal: AbortSignal;
}

/** The runner as its parts see it. They import this instead of the runner, which imports them. */
export interface RunnerCore {
  readonly parts: RunnerParts;
  readonly runState: RunState;
  readonly budget: BudgetAccount;
  readonly stores: StoreTargets;
  /** As whom the application is asked. */
  readonly application: ApplicationAccess;
}
