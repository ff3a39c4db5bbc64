import type { Environment } from '../../../env/schema.ts';
import { askText } from '../../../probes/asking.ts';
import type { KubeCluster } from '../../../probes/kubernetes/index.ts';
import { storeDriver, STORES } from '../../../probes/stores.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import type { Look, StoreTargets } from '../../targets/store-target.ts';
import type { SeenStore } from './snapshot.ts';

/** What a snapshot is taken of, such as a `CheckRunner`. */
export interface SnapshotSource {
  runState: { environment: Environment };
  stores: Pick<StoreTargets, 'letIn' | 'explained' | 'failureOf' | 'answered' | 'steadyOnce' | 'firstLook'>;
  parts: { cluster: Pick<KubeCluster, 'list'>; signal: AbortSignal };
}

/** Names of the stores that the environment declares and that there are drivers for. */
export function storesOf({ runState }: SnapshotSource): string[] {
  return Object.keys(runState.environment.stores).filter((name) => STORES.includes(name));
}

/** Never throws: a store that does not answer has no roles, and that is compared like anything else. */
export async function seenStore(runner: SnapshotSource, store: string): Promise<SeenStore> {
  const { environment } = runner.runState;
  const bounds = { deadlineMs: timeoutMsOf(environment, 'storeOperation'), signal: runner.parts.signal };
  const driver = storeDriver(store);
  try {
    const { seen, described } = await runner.stores.letIn(
      store,
      async (target) => ({
        seen: await driver.steady(target, bounds),
        described: await driver.describe(target, bounds),
      }),
      ({ seen: { cannotAsk } }) => cannotAsk !== undefined,
    );
    runner.stores.answered.add(store);
    noteLook(runner, store, seen.ok ? 'steady' : 'unsteady');
    const roles = described.members.map(({ role }) => role).sort();
    const standing = seen.ok ? 'steady' : 'unsteady';
    return { standing, roles: `${roles.join(', ')}; ${seen.ok ? 'steady' : seen.detail}` };
  } catch (error) {
    const said = askText(runner.stores.explained(store, error));
    const { kind, cause } = await runner.stores.failureOf(store, error, bounds);
    // A store that answered earlier in this run can be queried: its silence is its own state.
    const broke = kind === 'down' || runner.stores.answered.has(store);
    noteLook(runner, store, broke ? 'unsteady' : 'unasked');
    return broke
      ? { standing: 'unsteady', roles: `not seen: ${said}` }
      : { standing: 'unasked', roles: `cannot be asked (${cause}): ${said}` };
  }
}

function noteLook({ stores }: SnapshotSource, store: string, look: Look): void {
  if (look === 'steady') stores.steadyOnce.add(store);
  if (!stores.firstLook.has(store)) stores.firstLook.set(store, look);
}
