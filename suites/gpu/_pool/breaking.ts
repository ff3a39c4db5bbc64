import { required } from '../../_breaking/objects.ts';
import { offerOf } from '../../../probes/gpu/index.ts';
import type { ControlContext } from '../../harness/control.ts';

const PLUGIN = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'device-plugin',
} as const;

export const NODE = { apiVersion: 'v1', kind: 'Node', name: 'gpu-1' } as const;

export const RESOURCE = 'nvidia.com/gpu';

export const DEVICES = 2;

/** kubelet reports devices to the API server every 10 s, and a plugin takes some 5 s to start. */
const OFFERED_MS = 90_000;

/** No node matches the plugin's selector, so its pods go. */
export async function withoutPlugin(ctx: ControlContext): Promise<void> {
  await offers(ctx, DEVICES);
  await ctx.patch(PLUGIN, {
    spec: { template: { spec: { nodeSelector: { 'plumbline.dev/pool': 'none' } } } },
  });
  await offers(ctx, 0);
}

/** Adds an argument to the plugin; of an argument that is there twice, Go's flags take the last. */
export async function withArgument(ctx: ControlContext, argument: string, offered: number): Promise<void> {
  await offers(ctx, DEVICES);
  const found = await required(ctx, PLUGIN);
  const containers = found.spec.template.spec.containers.map((container) => ({
    ...container,
    args: [...(container.args ?? []), argument],
  }));
  await ctx.patch(PLUGIN, { spec: { template: { spec: { containers } } } });
  await ctx.until(`the device plugin to run with ${argument}`, () => rolledOut(ctx), {
    timeoutMs: OFFERED_MS,
  });
  await offers(ctx, offered);
}

async function rolledOut(ctx: ControlContext): Promise<true | null> {
  const { metadata, status = {} } = await required(ctx, PLUGIN);
  const { observedGeneration = 0, desiredNumberScheduled: wanted = 0 } = status;
  if (observedGeneration < (metadata.generation ?? 0) || wanted === 0) return null;
  return status.updatedNumberScheduled === wanted && status.numberReady === wanted ? true : null;
}

/** Waits until the node offers this many: a change by the control before is reported late. */
export async function offers(ctx: ControlContext, count: number): Promise<void> {
  const look = async (): Promise<true | null> =>
    offerOf(await required(ctx, NODE), RESOURCE).allocatable === count ? true : null;
  await ctx.until(`${NODE.name} to offer ${count} ${RESOURCE}`, look, { timeoutMs: OFFERED_MS });
}
