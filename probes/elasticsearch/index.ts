/** Elasticsearch, and OpenSearch by its differences: what the client load, the read-back, the observer and the description of the store need. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { ElasticsearchLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { describe, leadership, refusesWrites, steady, waitSteady } from './state.ts';
import { switchover } from './switchover.ts';
import { vectorQuery } from './vectors.ts';

export const elasticsearch: StoreDriver = {
  store: 'elasticsearch',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  // Every member takes requests: while one member hangs, a third of 200 a second stay in flight for their deadline of 1 s, and need a place.
  // No more than that: servers that are behind are given only so much at once as they can answer within that second. With 160 places a
  // server that made fewer than 160 writes a second answered all of them too late, and did not catch up (measured, docs/measured).
  connections: { connections: 24, maxConnections: 80 },
  client: (connection, run) => new ElasticsearchLoadClient(connection, run),
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
  hasMaster: true,
  switchover,
  query: vectorQuery,
  refusesWrites,
};

export { elasticsearch as driver };
