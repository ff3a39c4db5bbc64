import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  allSettledOrThrow,
  initControlPlane,
  installDns,
  joinNodes,
  kubectl,
  waitNodesReady,
} from './cluster/bringup.ts';
import { ensureLoadBalancer } from './cluster/load-balancer.ts';
import { clusterContext, platformContext } from './context.ts';
import type { Target } from './context.ts';
import { imageStore } from './images/index.ts';
import { prepareHost } from './machine/host.ts';
import { addressesOf, nodesOf } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { ensureNetwork, linkState, restoreLink } from './nodes/links.ts';
import { nodeStatus, startNode } from './nodes/node.ts';
import { askOnce } from '../../host/http.ts';
import { logDir, stateDir } from '../../host/paths.ts';
import { startDetached } from '../../host/run.ts';
import { waitFor } from '../../host/wait.ts';
import { patient } from '../../host/patience.ts';
import { applyPlatform, waitPlatform } from './platform/index.ts';
import { adoptProcess, recordedProcess } from './state/processes.ts';
import { unfinishedStamp, writeStamp } from './state/stamp.ts';
import type { Progress } from './progress.ts';
import { ServicesDeadError, waitServices } from './machine/services.ts';
import { removeInstance } from './teardown.ts';
import { errorText } from '../../reports/record/error-text.ts';

const READY_DEADLINE_MS = 180_000;

/** The program of the registry; it listens after about 0.1 s. */
const REGISTRY = join(import.meta.dirname, 'images/registry.ts');
const REGISTRY_DEADLINE_MS = 15_000;

/** kube-proxy and CoreDNS need about 10 s to start and serve, since their images are on the nodes; on two busy cores many times that. */
const SERVICES_DEADLINE_MS = 240_000;
/** Enough for several attempts: a single one may fail while kube-proxy writes its rules, or on a busy machine. */
const SERVICES_SILENT_MS = 45_000;

/** How long to wait for the platform to be healthy before it is applied again. */
const HEALTHY_WITHIN_MS = 4000;

/**
 * Removes what an earlier attempt left. What was chosen stays known: if provisioning is interrupted from now on, a run or `env up` that names
 * neither stores nor a size chooses the same.
 * @param remove replaced in tests
 */
export async function beginAgain(target: Target, remove = removeInstance): Promise<void> {
  const { instance, signal } = target;
  writeStamp(unfinishedStamp(target));
  await remove(instance, { keepStamp: true, signal });
}

/** Makes a cluster with Ready nodes and without the platform, after removing what an earlier attempt left. */
export async function provisionCluster(target: Target, progress: Progress): Promise<void> {
  const { instance, size, signal } = target;
  const cluster = clusterContext(target);
  progress.begin('clean', 'removing what an earlier attempt left');
  await beginAgain(target);
  progress.begin('nodes', `starting ${cluster.nodes.length} nodes`);
  // Disks, volumes, logs and keys lie below it, with whatever modes their writers chose: other users of the machine must not get in.
  mkdirSync(stateDir(instance), { recursive: true });
  chmodSync(stateDir(instance), 0o700);
  mkdirSync(logDir(instance), { recursive: true });
  await prepareHost({ signal });
  await ensureNetwork(instance, size, { signal });
  const startAll = cluster.nodes.map((node) => startNode(node, target));
  await allSettledOrThrow([ensureHostProcesses(target), ...startAll]);
  progress.begin('control-plane', 'creating the control plane on control-1');
  const token = await initControlPlane(cluster);
  progress.begin('join', `joining ${cluster.nodes.length - 1} nodes`);
  await joinNodes(cluster, token);
  progress.begin('ready', 'waiting for the nodes to be Ready');
  await waitNodesReady(cluster, READY_DEADLINE_MS);
  await installDns(cluster);
}

/** Installs the platform on a new cluster. */
export async function provisionPlatform(target: Target, progress: Progress): Promise<void> {
  const { instance, signal } = target;
  const platform = platformContext(target);
  progress.begin('platform', 'applying the platform');
  await applyPlatform(platform);
  progress.begin('platform-ready', 'waiting for the platform');
  await waitPlatform(platform);
  await waitServices(instance, platform.nodes, { deadlineMs: READY_DEADLINE_MS, signal });
}

/**
 * Repairs an environment that was provisioned before, if it is not healthy: restarts dead nodes and host
 * processes, restores cut links, applies the platform again.
 * @returns whether anything had to be repaired
 * @throws Error when the environment does not become healthy: the caller must provision it again
 */
export async function restoreHealth(target: Target, uid: string, applyAgain: boolean): Promise<boolean> {
  const cluster = clusterContext(target);
  const platform = platformContext(target);
  const revived = await revive(target);
  if (revived) await waitNodesReady(cluster, READY_DEADLINE_MS);
  const seen = await clusterUid(target);
  if (seen !== uid)
    throw new Error(
      `this is another cluster: expected the UID ${uid} of the namespace kube-system, seen ${seen}`,
    );
  await waitNodesReady(cluster, READY_DEADLINE_MS);
  const repaired = await repairServices(serviceRepair(target));
  if (!applyAgain && (await healthyAlready(target))) return revived || repaired;
  target.say('applying the platform again');
  await applyPlatform(platform);
  await waitPlatform(platform);
  return true;
}

/** How repairServices waits for Services and restarts kube-proxy and CoreDNS; replaced in tests. */
export type ServiceRepair = {
  readonly wait: (deadlineMs: number) => Promise<void>;
  readonly startAgain: () => Promise<unknown>;
  readonly say: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Checks Services by connecting to them, because nodes and pods stay Ready when Services are dead. Restarts kube-proxy and CoreDNS if
 * every attempt found Services dead. If it could not be determined whether they are, nothing is restarted.
 * @returns whether a restart was necessary
 * @throws ServicesDeadError when Services stay dead after it. Only then must the caller provision the environment again.
 */
export async function repairServices({ wait, startAgain, say, signal }: ServiceRepair): Promise<boolean> {
  const isDead = async (deadlineMs: number): Promise<ServicesDeadError | null> => {
    try {
      await wait(deadlineMs);
      return null;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ServicesDeadError) return error;
      say(`it could not be determined whether Services answer; the environment is kept: ${errorText(error)}`);
      return null;
    }
  };
  const dead = await isDead(SERVICES_SILENT_MS);
  if (dead === null) return false;
  say(`restarting kube-proxy and CoreDNS: ${dead.message}`);
  await startAgain();
  const still = await isDead(SERVICES_DEADLINE_MS);
  if (still !== null) throw still;
  return true;
}

function serviceRepair(target: Target): ServiceRepair {
  const { instance, signal, say } = target;
  const cluster = clusterContext(target);
  const labels = 'k8s-app in (kube-proxy, kube-dns)';
  return {
    wait: (deadlineMs) => waitServices(instance, cluster.nodes, { deadlineMs, signal }),
    startAgain: () => kubectl(cluster, ['delete', 'pod', '-n', 'kube-system', '--wait=false', '-l', labels]),
    say,
    signal,
  };
}

/** UID of the namespace kube-system. */
export function clusterUid(target: Target): Promise<string> {
  return kubectl(clusterContext(target), [
    'get',
    'namespace',
    'kube-system',
    '-o',
    'jsonpath={.metadata.uid}',
  ]);
}

/** The registry and the load balancer, each in a session of its own, started if they do not run. */
async function ensureHostProcesses(target: Target): Promise<boolean> {
  const { instance, size, signal } = target;
  const apiServers = nodesOf(instance, size).filter((node) => node.role === 'control');
  const missing = ['registry', 'load-balancer'].filter((name) => recordedProcess(instance, name) === null);
  if (missing.includes('load-balancer')) await ensureLoadBalancer(instance, apiServers, { signal });
  if (missing.includes('registry')) await startInstanceRegistry(instance, signal);
  return missing.length > 0;
}

async function startInstanceRegistry(instance: InstanceName, signal: AbortSignal | undefined): Promise<void> {
  const { bridge: netns, registry: address } = addressesOf(instance);
  const logFile = join(logDir(instance), 'registry.log');
  const enter = ['nsenter', `--net=/run/netns/${netns}`, '--'];
  adoptProcess(
    instance,
    'registry',
    startDetached([...enter, process.execPath, REGISTRY, address, imageStore()], logFile),
  );
  const answer = (): Promise<unknown> =>
    askOnce({ url: `http://${address}` }, { path: '/v2/' }, { deadlineMs: 1000 });
  await waitFor(answer, {
    what: `the registry at ${address}`,
    deadlineMs: REGISTRY_DEADLINE_MS,
    intervalMs: 20,
    signal,
    next: `read ${logFile}`,
  });
}

async function revive(target: Target): Promise<boolean> {
  const { instance, size, signal } = target;
  const nodes = nodesOf(instance, size);
  await prepareHost({ signal });
  const dead = nodes.filter((node) => !nodeStatus(node).running);
  if (dead.length > 0) target.say(`starting ${dead.map((node) => node.name).join(', ')} again`);
  await ensureNetwork(instance, size, { signal });
  await allSettledOrThrow(dead.map((node) => startNode(node, target)));
  const cut = [];
  for (const node of nodes) if ((await linkState(node, { signal })) === 'cut') cut.push(node);
  for (const node of cut) await restoreLink(node, { signal });
  const restarted = await ensureHostProcesses(target);
  return dead.length + cut.length > 0 || restarted;
}

async function healthyAlready(target: Target): Promise<boolean> {
  const soon = AbortSignal.timeout(patient(HEALTHY_WITHIN_MS));
  const signal = target.signal === undefined ? soon : AbortSignal.any([target.signal, soon]);
  try {
    await waitPlatform(platformContext({ ...target, signal }));
    return true;
  } catch {
    target.signal?.throwIfAborted();
    return false;
  }
}
