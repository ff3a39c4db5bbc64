/** Methods of the runner that act on the environment, and how: in a read-only run they are refused. */
import type { Method } from './protocol.ts';

/** What a check that calls the method does, for people: `this check …`. Every other method only reads, or ends what one of these began. */
export const ACTS: Readonly<Partial<Record<Method, string>>> = {
  'cluster.apply': 'makes objects in the cluster',
  'cluster.delete': 'removes objects from the cluster',
  'cluster.exec': 'runs commands in pods',
  'clocks.nodes': 'runs commands in pods',
  'clientLoad.start': 'writes to a store',
  'query.prepare': 'writes to a store',
  'store.refusesWrites': 'tries to write to a store',
  'load.start': 'sends a load through the edge',
  'application.look': 'sends a canary request through the edge',
  'application.draft': 'makes the AI service ask its model',
  'telemetry.start': 'sends canary requests through the edge',
  'fault.inject': 'injects a fault',
  'controlPlane.crash': 'kills processes of the control plane',
  'deployment.restart': 'restarts a Deployment',
  'node.apiServer': 'stops API servers',
  'node.restart': 'kills a node',
  'ai.behave': 'changes the stand-in for the language model',
};

/** With this word the runner refuses what a permit does not allow, or not any more. It ends the trials of a check (check-run.ts). */
export const NOT_PERMITTED = 'not-permitted';
