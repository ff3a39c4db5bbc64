import { API_DEFINITE_FAILURES, ControlPlaneLoadClient } from '../control-plane/client.ts';
import { EDGE_DEFINITE_FAILURES, EdgeLoadClient } from '../edge/client.ts';
import type { StoreConnection, StoreDriver } from '../store/store-driver.ts';
import { storeDriver } from '../stores.ts';
import type { LoadClient } from './client.ts';

/** What a client load needs to know of its target. */
export interface ClientLoadDriver extends Pick<StoreDriver, 'store' | 'definiteFailures'> {
  /** @param onSecret gets each secret that the client is given while it works, such as a token */
  client(connection: StoreConnection, run: string, onSecret?: (secret: string) => void): LoadClient;
}

/** Targets besides stores: the platform through its edge, and Kubernetes through its API. */
const OTHERS: readonly ClientLoadDriver[] = [
  {
    store: 'edge',
    definiteFailures: EDGE_DEFINITE_FAILURES,
    client: (connection, run, onSecret) => new EdgeLoadClient(connection, run, onSecret),
  },
  {
    // Tenders, each of which becomes a job of the AI service.
    store: 'jobs',
    definiteFailures: EDGE_DEFINITE_FAILURES,
    client: (connection, run, onSecret) => new EdgeLoadClient(connection, run, onSecret),
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
