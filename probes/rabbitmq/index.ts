/** RabbitMQ with quorum queues: what the client load, the read-back, the observer and the description of the store need. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { RabbitLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { switchover } from './switchover.ts';
import { describe, leadership, refusesWrites, steady, waitSteady } from './state.ts';

/**
 * A member that is cut off stays in the Service: a third of the new connections, and each read whose consumer sits there, hang for the
 * second that an operation may take. Writes must find places beside them.
 */
const CONNECTIONS = { connections: 12, maxConnections: 64 };

export const rabbitmq: StoreDriver = {
  store: 'rabbitmq',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  connections: CONNECTIONS,
  client: (connection, run) => new RabbitLoadClient(connection, run),
  describe,
  servers: serverFacts,
  clusterWideDurability: true,
  steady,
  waitSteady,
  governing: governingSettings,
  expectedWindow,
  observe,
  readBack,
  leadership,
  switchover,
  refusesWrites,
};

export { rabbitmq as driver };
