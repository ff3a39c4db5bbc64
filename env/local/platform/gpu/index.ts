/** Simulated devices on the GPU pool: a device plugin of our own (toolchain/device-plugin), as a DaemonSet. */
import { waitFor } from '../../../../host/wait.ts';
import { bare, programs } from '../../images/recipes.ts';
import { specOf } from '../applied.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import { part, type Applied } from '../part.ts';
import { waitRollout } from '../rollout.ts';

const DEVICE_PLUGIN = 'device-plugin';
const POOL_LABEL = 'plumbline.dev/pool=gpu';

export const gpu = part({
  name: 'gpu',
  images: [
    {
      name: DEVICE_PLUGIN,
      tag: { version: '0.1.0' },
      layers: [bare, programs('device-plugin')],
      run: { entrypoint: ['device-plugin'] },
    },
  ],
  wait: waitGpu,
});

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine
const OFFERED_DEADLINE_MS = 60_000; // kubelet tells the API server of new devices every 10 s

/** Waits until the plugins are registered and every node of the pool offers its devices to the scheduler. */
async function waitGpu(context: PlatformContext, { objects }: Applied): Promise<void> {
  await waitRollout(context, {
    namespace: SYSTEM,
    workload: `daemonset/${DEVICE_PLUGIN}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  const nodes = context.nodes.filter((node) => node.role === 'gpu').map((node) => node.name);
  if (nodes.length === 0) return;
  const devices = devicesOf(objects);
  await waitFor(async () => await offered(context, nodes, devices), {
    what: `${nodes.join(', ')} to offer ${devices.count} ${devices.resource}`,
    deadlineMs: OFFERED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${SYSTEM} logs daemonset/${DEVICE_PLUGIN}`,
  });
}

interface Devices {
  readonly resource: string;
  /** Of each node. */
  readonly count: string;
}

/** What the plugin is started with. */
function devicesOf(objects: Applied['objects']): Devices {
  const { template } = specOf(objects, 'DaemonSet', DEVICE_PLUGIN) as {
    template: { spec: { containers: { args?: string[] }[] } };
  };
  const args = template.spec.containers.flatMap(({ args: own = [] }) => own);
  const value = (name: string): string => {
    const given = args.findLast((arg) => arg.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
    if (given === undefined) throw new Error(`the DaemonSet ${DEVICE_PLUGIN} is started without --${name}`);
    return given;
  };
  return { resource: value('resource'), count: value('devices') };
}

/** @throws Error with what each node offers while one of them does not offer all */
async function offered(
  context: PlatformContext,
  nodes: readonly string[],
  { resource, count }: Devices,
): Promise<true> {
  const path = `{range .items[*]}{.metadata.name}={.status.allocatable.${resource.replaceAll('.', String.raw`\.`)}} {end}`;
  const seen = await context.kubectl(['get', 'nodes', '-l', POOL_LABEL, '-o', `jsonpath=${path}`], {
    timeoutMs: 10_000,
  });
  const wanted = nodes.map((node) => `${node}=${count}`);
  const offers = seen.trim().split(' ');
  if (wanted.every((one) => offers.includes(one))) return true;
  throw new Error(`seen ${seen.trim()}`);
}
