import { API_DEFINITE_FAILURES, ControlPlaneLoadClient } from '../control-plane/client.ts';
import { EDGE_DEFINITE_FAILURES, EdgeLoadClient } from '../edge/client.ts';
import type { StoreDriver } from '../store/store-driver.ts';
import { storeDriver } from '../stores.ts';

/** What a client load needs to know of its target. */
export type ClientLoadDriver = Pick<StoreDriver, 'store' | 'definiteFailures' | 'client'>;

/** Targets besides stores: the platform through its edge, and Kubernetes through its API. */
const OTHERS: readonly ClientLoadDriver[] = [
  {
    store: 'edge',
    definiteFailures: EDGE_DEFINITE_FAILURES,
    client: (connection, run) => new EdgeLoadClient(connection, run),
  },
  {
    // Tenders, each of which becomes a job of the AI service.
    store: 'jobs',
    definiteFailures: EDGE_DEFINITE_FAILURES,
    client: (connection, run) => new EdgeLoadClient(connection, run),
  },
  {
    store: 'control-plane',
    definiteFailures: API_DEFINITE_FAILURES,
    client: (connection, run) => new ControlPlaneLoadClient(connection, run),
  },
];

/** @throws Error that names the stores there are. */
export function clientLoadDriver(name: string): ClientLoadDriver {
  return OTHERS.find(({ store }) => store === name) ?? storeDriver(name);
}
