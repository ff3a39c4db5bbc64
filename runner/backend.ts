import type { KubeObject } from '../suites/harness/protocol.ts';
import type { EngineCore } from './engine-parts.ts';
import type { FaultContext } from '../suites/faults/index.ts';
import { RequestError } from './session.ts';
import { podOf, type StorePod } from './store-target.ts';

export type Subject = Pick<
  FaultContext,
  | 'store'
  | 'target'
  | 'namespace'
  | 'statefulSet'
  | 'container'
  | 'leader'
  | 'master'
  | 'otherPeers'
  | 'also'
  | 'switchover'
>;

/** The name under which faults are aimed at the backend, in place of a store's. */
export const BACKEND = 'backend';

/** The Deployment behind the edge. @throws RequestError when the environment declares none. */
export function backendDeployment({ book }: EngineCore): { namespace: string; name: string } {
  const deployment = book.environment.topology.edge?.backend?.deployment;
  if (deployment === undefined)
    throw new RequestError('the environment declares no topology.edge.backend', 'refused');
  return deployment;
}

/** Its pods that are not on their way out. */
export async function backendPods(engine: EngineCore): Promise<StorePod[]> {
  const { namespace, name } = backendDeployment(engine);
  const listed = await engine.parts.cluster.list({ kind: 'v1/Pod', namespace });
  if (listed.unavailable !== undefined)
    throw new RequestError(`pods of ${name}: ${listed.unavailable}`, 'unavailable');
  return listed.items
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && isOf(pod, name))
    .map(podOf);
}

/** A Deployment's ReplicaSets are named after it, with the hash of the template behind the last hyphen. */
function isOf({ metadata }: KubeObject, deployment: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'ReplicaSet' && name.slice(0, name.lastIndexOf('-')) === deployment,
  );
}

/** Nobody leads a backend: any of its pods is as good as another. */
export function backendSubject(engine: EngineCore, target: string): Subject {
  const { namespace, name } = backendDeployment(engine);
  return {
    store: BACKEND,
    target,
    namespace,
    statefulSet: name,
    container: '',
    leader: null,
    otherPeers: [],
    also: [],
    switchover: null,
  };
}
