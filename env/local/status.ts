import { join } from 'node:path';
import { kubectl } from './cluster/bringup.ts';
import { loadBalancerUp } from './cluster/load-balancer.ts';
import { lockHolder } from '../../host/lock.ts';
import type { LockHolder } from '../../host/lock.ts';
import { nodesOf } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { nodeStatus } from './nodes/node.ts';
import { stateDir } from '../../host/paths.ts';
import { recordedProcess } from './state/processes.ts';
import { serviceTrouble } from './machine/services.ts';
import { hadCluster, isStanding, readStamp } from './state/stamp.ts';
import type { Stamp } from './state/stamp.ts';
import { hasProcesses } from './teardown.ts';
import { CLUSTER_GROUPS, toolsDir } from './toolchain/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** The present state of an instance. */
export type LocalStatus = {
  readonly instance: InstanceName;
  /** `absent`: nothing exists (isThere); `partial`: provisioning was never finished, or parts are dead; `up`: all runs. */
  readonly state: 'absent' | 'partial' | 'up';
  readonly stamp: Stamp | null;
  /** Who provisions or removes it now. */
  readonly holder: LockHolder | null;
  readonly nodes: readonly { readonly name: string; readonly running: boolean; readonly ready: boolean }[];
  readonly loadBalancer: boolean;
  readonly registry: boolean;
  readonly apiReachable: boolean;
  /** One sentence for each node from which Services do not answer; empty when all answer. */
  readonly services: readonly string[];
};

const API_DEADLINE_MS = 5000;

/** Inspects an instance without changing anything. */
export async function status(options: {
  readonly instance: InstanceName;
  readonly signal?: AbortSignal;
}): Promise<LocalStatus> {
  const { instance, signal } = options;
  const stamp = readStamp(instance);
  const loadBalancer = await loadBalancerUp(instance, { signal }).catch(() => false);
  const ready = await readyNodes(instance, signal);
  const nodes = nodesOf(instance, stamp?.size ?? 'full')
    .map((node) => ({
      name: node.name,
      running: nodeStatus(node).running,
      ready: ready?.has(node.name) ?? false,
    }))
    .filter((node) => stamp !== null || node.running);
  const services = await serviceTrouble(instance, nodesOf(instance, stamp?.size ?? 'full'), signal).catch(
    (error: unknown) => [`Services could not be checked: ${errorText(error)}`],
  );
  const registry = recordedProcess(instance, 'registry') !== null;
  const found: Omit<LocalStatus, 'state'> = {
    instance,
    stamp,
    holder: lockHolder(join(stateDir(instance), 'lock')),
    nodes,
    loadBalancer,
    registry,
    apiReachable: ready !== null,
    services,
  };
  return { ...found, state: stateOf(found) };
}

/** Exported for tests. */
export function stateOf(found: Omit<LocalStatus, 'state'>): LocalStatus['state'] {
  const nodes = found.nodes.length > 0 && found.nodes.every((node) => node.running && node.ready);
  const all = nodes && found.services.length === 0;
  if (isStanding(found.stamp) && all && found.loadBalancer && found.registry) return 'up';
  return isThere(found.instance) ? 'partial' : 'absent';
}

/**
 * Whether something of an instance exists. What a provisioning that ended before there was a cluster has noted of its choice is not enough.
 * @param runs whether processes of it run; replaced in tests
 */
export function isThere(
  instance: InstanceName,
  runs: (instance: InstanceName) => boolean = hasProcesses,
): boolean {
  return hadCluster(readStamp(instance)) || runs(instance);
}

/** Names of the Ready nodes; null when the API server does not answer. */
async function readyNodes(
  instance: InstanceName,
  signal: AbortSignal | undefined,
): Promise<Set<string> | null> {
  const path =
    '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
  try {
    const context = {
      binDir: await toolsDir(CLUSTER_GROUPS, signal),
      kubeconfig: join(stateDir(instance), 'kubeconfig'),
      signal,
    };
    const argv = ['get', 'nodes', '--request-timeout=4s', '-o', `jsonpath=${path}`];
    const lines = (await kubectl(context, argv, { timeoutMs: API_DEADLINE_MS })).split('\n');
    return new Set(lines.filter((line) => line.endsWith('=True')).map((line) => line.split('=')[0] ?? ''));
  } catch {
    return null;
  }
}
