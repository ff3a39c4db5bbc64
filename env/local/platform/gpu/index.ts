/** Simulated devices on the GPU pool: a device plugin of our own (toolchain/device-plugin), as a DaemonSet. */
import { waitFor } from '../../../../host/wait.ts';
import { selects } from '../../../../probes/kubernetes/label-selector.ts';
import type { ImageRecipe } from '../../images/recipes.ts';
import { bare, programs } from '../../images/recipes.ts';
import { specOf } from '../applied.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import { part, type Applied } from '../part.ts';

const DEVICE_PLUGIN = 'device-plugin';

export const DEVICE_PLUGIN_IMAGE: ImageRecipe = {
  name: DEVICE_PLUGIN,
  tag: { version: '0.1.0' },
  layers: [bare, programs('device-plugin')],
  run: { entrypoint: ['device-plugin'] },
};

export const gpu = part({
  name: 'gpu',
  images: [DEVICE_PLUGIN_IMAGE],
  works: (context, { objects }) => waitDevices(context, objects, { namespace: SYSTEM, name: DEVICE_PLUGIN }),
});

const OFFERED_DEADLINE_MS = 60_000; // kubelet tells the API server of new devices every 10 s

/** Waits until every node that a DaemonSet of plugins selects offers its devices to the scheduler. */
export async function waitDevices(
  context: PlatformContext,
  objects: Applied['objects'],
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const devices = devicesOf(objects, name);
  const nodes = context.nodes.filter(({ labels }) => selects({ matchLabels: devices.selector }, labels));
  if (nodes.length === 0) return;
  const names = nodes.map((node) => node.name);
  await waitFor(async () => await offered(context, names, devices), {
    what: `${names.join(', ')} to offer ${devices.count} ${devices.resource}`,
    deadlineMs: OFFERED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${namespace} logs daemonset/${name}`,
  });
}

interface Devices {
  readonly resource: string;
  /** Of each node. */
  readonly count: string;
  /** Labels of the nodes that have them. */
  readonly selector: Record<string, string>;
}

/** What the plugin is started with, and where. */
function devicesOf(objects: Applied['objects'], name: string): Devices {
  const { template } = specOf(objects, 'DaemonSet', name) as {
    template: { spec: { nodeSelector: Record<string, string>; containers: { args?: string[] }[] } };
  };
  const args = template.spec.containers.flatMap(({ args: own = [] }) => own);
  const value = (flag: string): string => {
    const given = args.findLast((arg) => arg.startsWith(`--${flag}=`))?.slice(`--${flag}=`.length);
    if (given === undefined) throw new Error(`the DaemonSet ${name} is started without --${flag}`);
    return given;
  };
  return { resource: value('resource'), count: value('devices'), selector: template.spec.nodeSelector };
}

/** @throws Error with what each node offers while one of them does not offer all */
async function offered(
  context: PlatformContext,
  nodes: readonly string[],
  { resource, count, selector }: Devices,
): Promise<true> {
  const labels = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const path = `{range .items[*]}{.metadata.name}={.status.allocatable.${resource.replaceAll('.', String.raw`\.`)}} {end}`;
  const seen = await context.kubectl(['get', 'nodes', '-l', labels, '-o', `jsonpath=${path}`], {
    timeoutMs: 10_000,
  });
  const wanted = nodes.map((node) => `${node}=${count}`);
  const offers = seen.trim().split(' ');
  if (wanted.every((one) => offers.includes(one))) return true;
  throw new Error(`seen ${seen.trim()}`);
}
