/** Redis under Sentinel or as a Redis Cluster: what the client load, the read-back, the observer and the description of the store need. */
import { waitSteadyBy } from '../store/steady.ts';
import type { StoreConnection, StoreDriver } from '../store/store-driver.ts';
import { cluster } from './cluster/index.ts';
import { CLUSTER_GOVERNING } from './declaration.ts';
import { DEFINITE_FAILURE_NAMES } from './errors.ts';
import { isCluster } from './manager.ts';
import type { RedisManager } from './manager.ts';
import { observe } from './observer.ts';
import { readBack } from './readback.ts';
import { RedisLoadClient } from './session.ts';
import { expectedWindow, governingSettings, serverFacts } from './settings.ts';
import { describe, onlyReads, refusesWrites, steady } from './state.ts';
import { switchover } from './switchover.ts';

const sentinel: RedisManager = {
  client: (connection, run) => new RedisLoadClient(connection, run),
  describe,
  // Every member has a copy.
  leadership: async (target, _run, bounds) => ({ leader: (await describe(target, bounds)).leader }),
  steady,
  governing: governingSettings,
  expectedWindow,
  observe,
  readBack,
  switchover,
};

const managerOf = (connection: StoreConnection): RedisManager => (isCluster(connection) ? cluster : sentinel);

const steadyBy: StoreDriver['steady'] = (target, bounds) =>
  managerOf(target.connection).steady(target, bounds);

/** Only a cluster has these, so that they say whose settings govern. */
const OF_CLUSTER = Object.keys(CLUSTER_GOVERNING.cluster);

export const redis: StoreDriver = {
  store: 'redis',
  definiteFailures: DEFINITE_FAILURE_NAMES,
  client: (connection, run) => managerOf(connection).client(connection, run),
  describe: (target, bounds) => managerOf(target.connection).describe(target, bounds),
  leadership: (target, run, bounds) => managerOf(target.connection).leadership(target, run, bounds),
  servers: serverFacts,
  steady: steadyBy,
  waitSteady: waitSteadyBy(steadyBy),
  governing: (target, bounds) => managerOf(target.connection).governing(target, bounds),
  expectedWindow: (fault, governing) =>
    (governing.some(({ name }) => OF_CLUSTER.includes(name)) ? cluster : sentinel).expectedWindow(
      fault,
      governing,
    ),
  observe: (target, options) => managerOf(target.connection).observe(target, options),
  readBack: (target, request, bounds) => managerOf(target.connection).readBack(target, request, bounds),
  switchover: (target, request, bounds) => managerOf(target.connection).switchover(target, request, bounds),
  refusesWrites,
  onlyReads,
};

export { redis as driver };
