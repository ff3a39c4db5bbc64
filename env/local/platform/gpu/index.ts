/** Simulated devices on the GPU pool: a device plugin of our own (toolchain/device-plugin), as a DaemonSet. */
import { waitFor } from '../../../../host/wait.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import { waitRollout } from '../rollout.ts';

const DEVICE_PLUGIN = 'device-plugin';
/** These are in environment files too. */
const RESOURCE = 'nvidia.com/gpu';
const DEVICES = 2;
const POOL_LABEL = 'plumbline.dev/pool=gpu';

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine
const OFFERED_DEADLINE_MS = 60_000; // kubelet tells the API server of new devices every 10 s

/** Waits until the plugins are registered and every node of the pool offers its devices to the scheduler. */
export async function waitGpu(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: SYSTEM,
    workload: `daemonset/${DEVICE_PLUGIN}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  const nodes = context.nodes.filter((node) => node.role === 'gpu').map((node) => node.name);
  if (nodes.length === 0) return;
  await waitFor(async () => await offered(context, nodes), {
    what: `${nodes.join(', ')} to offer ${String(DEVICES)} ${RESOURCE}`,
    deadlineMs: OFFERED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${SYSTEM} logs daemonset/${DEVICE_PLUGIN}`,
  });
}

/** @throws Error with what each node offers while one of them does not offer all */
async function offered(context: PlatformContext, nodes: readonly string[]): Promise<true> {
  const path = `{range .items[*]}{.metadata.name}={.status.allocatable.${RESOURCE.replaceAll('.', String.raw`\.`)}} {end}`;
  const seen = await context.kubectl(['get', 'nodes', '-l', POOL_LABEL, '-o', `jsonpath=${path}`], {
    timeoutMs: 10_000,
  });
  const wanted = nodes.map((node) => `${node}=${String(DEVICES)}`);
  const offers = seen.trim().split(' ');
  if (wanted.every((one) => offers.includes(one))) return true;
  throw new Error(`seen ${seen.trim()}`);
}
