/** PostgreSQL, under Patroni or by its servers alone: what the client load, the read-back, the observer and the description of the store need. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { readBack } from './readback.ts';
import { PostgresLoadClient } from './session.ts';
import { expectedWindow, serverFacts } from './settings.ts';
import { onlyReads, refusesWrites } from './refuses-writes.ts';
import { describe, governing, observe, orderSwitchover, steady, waitSteady } from './state.ts';

export const postgres: StoreDriver = {
  store: 'postgres',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  client: (connection, run) => new PostgresLoadClient(connection, run),
  describe,
  servers: serverFacts,
  steady,
  waitSteady,
  governing,
  expectedWindow,
  observe,
  readBack,
  switchover: orderSwitchover,
  refusesWrites,
  onlyReads,
};

export { postgres as driver };
