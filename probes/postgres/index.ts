/** PostgreSQL under Patroni: what the client load, the read-back, the observer and the description of the store need. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { PostgresLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { describe, refusesWrites, steady, waitSteady } from './state.ts';
import { switchover } from './switchover.ts';

export const postgres: StoreDriver = {
  store: 'postgres',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  client: (connection, run) => new PostgresLoadClient(connection, run),
  describe,
  servers: serverFacts,
  steady,
  waitSteady,
  governing: governingSettings,
  expectedWindow,
  observe,
  readBack,
  switchover,
  refusesWrites,
};

export { postgres as driver };
