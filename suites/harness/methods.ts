/**
 * What each method of the runner does to the cluster, and which rights on its API server it needs. A method that is missing here only reads, or ends
 * what another began, and needs none, or passes on requests that the check's own definition declares.
 */
import { COMPARED } from '../../probes/kubernetes/compared.ts';
import { execsIn, gets, lists, logsIn } from '../../probes/kubernetes/access/rights.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import type { Method } from './protocol.ts';

interface MethodEffect {
  /** How it acts on the environment, for people: `this check …`. A read-only run refuses it. Left out: it does not act. */
  acts?: string;
  rights?: readonly Right[];
}

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

export const METHODS: Readonly<Partial<Record<Method, MethodEffect>>> = {
  'cluster.apply': { acts: 'makes objects in the cluster' },
  'cluster.delete': { acts: 'removes objects from the cluster' },
  'cluster.exec': { acts: 'runs commands in pods' },
  'clocks.nodes': { acts: 'runs commands in pods', rights: [execsIn('canary')] },
  'store.describe': { rights: OF_STORES },
  'store.servers': { rights: OF_STORES },
  'store.steady': { rights: OF_STORES },
  'store.governing': { rights: OF_STORES },
  'store.refusesWrites': { acts: 'tries to write to a store', rights: OF_STORES },
  'store.onlyReads': { rights: OF_STORES },
  'query.prepare': { acts: 'writes to a store', rights: OF_STORES },
  'query.ask': { rights: OF_STORES },
  'query.remove': { rights: OF_STORES },
  'clientLoad.start': { acts: 'writes to a store', rights: OF_STORES },
  'clientLoad.readBack': { rights: OF_STORES },
  // For the endpoints of the store's Service.
  'observer.start': { rights: [...OF_STORES, ...lists('discovery.k8s.io/v1/EndpointSlice')] },
  'state.note': { rights: SNAPSHOT },
  'state.compare': { rights: SNAPSHOT },
  'evidence.collect': { rights: [...lists('v1/Pod', 'v1/Event'), ...PLATFORM_LOGS] },
  'telemetry.start': { acts: 'sends canary requests through the edge' },
  'telemetry.disk': { rights: [logsIn('canary'), ...PLATFORM_LOGS] },
  'telemetry.recent': { rights: PLATFORM_LOGS },
  'application.look': { acts: 'sends a canary request through the edge' },
  'application.draft': { acts: 'makes the AI service ask its model' },
  'ai.behave': { acts: 'changes the stand-in for the language model' },
  'ai.scanLogs': { rights: [...lists('v1/Pod'), ...PLATFORM_LOGS, logsIn('workloads')] },
  // How many pods of the backend there are, for the line that is shown.
  'load.start': { acts: 'sends a load through the edge', rights: lists('apps/v1/Deployment') },
  'fault.inject': { acts: 'injects a fault', rights: lists('v1/Pod') },
  'deployment.restart': { acts: 'restarts a Deployment', rights: ROLLOUT },
  'deployment.rolledOut': { rights: ROLLOUT },
  'controlPlane.crash': { acts: 'kills processes of the control plane', rights: lists('v1/Pod') },
  'node.apiServer': { acts: 'stops API servers' },
  'node.restart': { acts: 'kills a node' },
};
