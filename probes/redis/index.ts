/** Redis under Sentinel: what the client load, the read-back, the observer and the description of the store need. */
import type { StoreDriver } from '../store/store-driver.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { RedisLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { describe, refusesWrites, steady, waitSteady } from './state.ts';
import { switchover } from './switchover.ts';

export const redis: StoreDriver = {
  store: 'redis',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  client: (connection, run) => new RedisLoadClient(connection, run),
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

export { redis as driver };
