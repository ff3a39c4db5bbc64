/**
 * Rights on the API server that the runner needs for each method of a check. A method that is missing here needs none, or passes on
 * requests that the check's own definition declares.
 */
import { COMPARED } from '../../probes/kubernetes/compared.ts';
import { execsIn, gets, lists, logsIn } from '../../probes/kubernetes/rights.ts';
import type { Right } from '../../probes/kubernetes/rights.ts';
import type { Method } from './protocol.ts';

/** The members of a store, and whether it is down, are read from its pods. */
const OF_STORES = lists('v1/Pod');

/** Everything that is compared with its state before a trial. */
const SNAPSHOT = lists('v1/Node', 'v1/Pod', ...COMPARED);

const PLATFORM_LOGS = [logsIn('platform'), logsIn('edge')];

/** Replacing a pod template; outside embedded environments, checks that do so are not run. */
const ROLLOUT: readonly Right[] = [
  ...lists('v1/Pod'),
  gets('apps/v1/Deployment', 'platform'),
  { verbs: ['patch'], group: 'apps', resource: 'deployments', where: 'platform' },
];

export const METHOD_RIGHTS: Readonly<Partial<Record<Method, readonly Right[]>>> = {
  'store.describe': OF_STORES,
  'store.servers': OF_STORES,
  'store.steady': OF_STORES,
  'store.governing': OF_STORES,
  'store.refusesWrites': OF_STORES,
  'store.onlyReads': OF_STORES,
  'query.prepare': OF_STORES,
  'query.ask': OF_STORES,
  'query.remove': OF_STORES,
  'clientLoad.start': OF_STORES,
  'clientLoad.readBack': OF_STORES,
  // For the endpoints of the store's Service.
  'observer.start': [...OF_STORES, ...lists('discovery.k8s.io/v1/EndpointSlice')],
  'state.note': SNAPSHOT,
  'state.compare': SNAPSHOT,
  'evidence.collect': [...lists('v1/Pod', 'v1/Event'), ...PLATFORM_LOGS],
  'clocks.nodes': [execsIn('canary')],
  'telemetry.disk': [logsIn('canary'), ...PLATFORM_LOGS],
  'telemetry.recent': PLATFORM_LOGS,
  'ai.scanLogs': [...lists('v1/Pod'), ...PLATFORM_LOGS, logsIn('workloads')],
  // How many pods of the backend there are, for the line that is shown.
  'load.start': lists('apps/v1/Deployment'),
  'fault.inject': lists('v1/Pod'),
  'deployment.restart': ROLLOUT,
  'deployment.rolledOut': ROLLOUT,
  'controlPlane.crash': lists('v1/Pod'),
};
