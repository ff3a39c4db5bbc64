import type { Environment } from '../../env/schema.ts';
import type { DeploymentName, KubeObject } from '../../suites/harness/protocol.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import type { FaultContext } from '../../faults/_common/fault.ts';
import { ownerOf } from '../../probes/kubernetes/workloads.ts';
import { hasEnded } from '../../probes/store/member-pods.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { podOf, type StorePod } from './store-target.ts';

export type Subject = Pick<
  FaultContext,
  | 'store'
  | 'target'
  | 'namespace'
  | 'container'
  | 'leader'
  | 'master'
  | 'holders'
  | 'otherPeers'
  | 'also'
  | 'switchover'
>;

/** Deployments whose failover is tested, by the name that faults use in place of a store's. */
const DEPLOYMENTS = {
  backend: {
    declared: ({ topology }: Environment) => topology.edge?.backend?.deployment,
    where: 'topology.edge.backend',
  },
  ai: { declared: ({ ai }: Environment) => ai?.deployment, where: 'ai' },
} satisfies Record<DeploymentName, unknown>;

export function isDeployment(subject: string): subject is DeploymentName {
  return Object.hasOwn(DEPLOYMENTS, subject);
}

/** @throws RequestError when the environment does not declare it */
export function deploymentOf(
  { runState }: RunnerCore,
  subject: DeploymentName,
): { namespace: string; name: string } {
  const { declared, where } = DEPLOYMENTS[subject];
  const deployment = declared(runState.environment);
  if (deployment === undefined) throw new RequestError(`the environment declares no ${where}`, 'refused');
  return deployment;
}

/** Its pods that are not terminating, and have not ended as an evicted one has: a fault there would hit nothing. */
export async function deploymentPods(runner: RunnerCore, subject: DeploymentName): Promise<StorePod[]> {
  const { namespace, name } = deploymentOf(runner, subject);
  const listed = await runner.parts.cluster.list({ kind: 'v1/Pod', namespace });
  if (listed.unavailable !== undefined)
    throw new RequestError(`pods of ${name}: ${listed.unavailable}`, 'unavailable');
  return listed.items
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod) && isOf(pod, name))
    .map(podOf);
}

/** A ReplicaSet that belongs to neither may have a name like one of theirs: its pods are somebody else's. */
function isOf(pod: KubeObject, deployment: string): boolean {
  const { kind, name } = ownerOf(pod);
  return name === deployment && (kind === 'Deployment' || kind === 'Rollout');
}

/** A Deployment has no leader: any pod will do. */
export function deploymentFault(
  runner: RunnerCore,
  { subject, target }: { subject: DeploymentName; target: string },
): Subject {
  const { namespace } = deploymentOf(runner, subject);
  const { ai } = runner.runState.environment;
  return {
    store: subject,
    target,
    namespace,
    container: (subject === 'ai' ? ai?.container : undefined) ?? null,
    leader: null,
    otherPeers: [],
    also: [],
    switchover: null,
  };
}
