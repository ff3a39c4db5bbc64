/** Neo4j, one member (Community) or a cluster (Enterprise): client load, read-back, observer and description. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { graphQuery } from './graph.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { Neo4jLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { describe, leadership, refusesWrites, steady, waitSteady } from './state.ts';

/** There is no planned change of leader that a client could order: leaders move when a server stops or is deallocated. */
export const neo4j: StoreDriver = {
  store: 'neo4j',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  client: (connection, run) => new Neo4jLoadClient(connection, run),
  describe,
  leadership,
  servers: serverFacts,
  steady,
  waitSteady,
  governing: governingSettings,
  expectedWindow,
  observe,
  readBack,
  query: graphQuery,
  refusesWrites,
};

export { neo4j as driver };
