import { API_SURE_FAILURES, ControlPlaneWorkloadClient } from '../control-plane/client.ts';
import { EDGE_SURE_FAILURES, EdgeWorkloadClient } from '../edge/client.ts';
import type { StoreDriver } from '../store/store-driver.ts';
import { storeDriver } from '../stores.ts';

/** What a workload needs to know of what it asks. */
export type WorkloadDriver = Pick<StoreDriver, 'store' | 'sureFailures' | 'client'>;

/** What can be asked besides stores: the platform through its edge, and Kubernetes through its API. */
const OTHERS: readonly WorkloadDriver[] = [
  {
    store: 'edge',
    sureFailures: EDGE_SURE_FAILURES,
    client: (connection, run) => new EdgeWorkloadClient(connection, run),
  },
  {
    // Tenders, each of which becomes a job of the AI service.
    store: 'jobs',
    sureFailures: EDGE_SURE_FAILURES,
    client: (connection, run) => new EdgeWorkloadClient(connection, run),
  },
  {
    store: 'control-plane',
    sureFailures: API_SURE_FAILURES,
    client: (connection, run) => new ControlPlaneWorkloadClient(connection, run),
  },
];

/** @throws Error that names the stores there are. */
export function workloadDriver(name: string): WorkloadDriver {
  return OTHERS.find(({ store }) => store === name) ?? storeDriver(name);
}
