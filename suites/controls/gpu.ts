/** Controls of gpu/…: a plugin that is gone, lies or is silent, a pool that anybody may use, pods that do not end. */
import { offerOf } from '../../probes/gpu/index.ts';
import type { Control, ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';

const PLUGIN = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'device-plugin',
} as const;
const PROMETHEUS = deployment('observability', 'prometheus');
const NODE = { apiVersion: 'v1', kind: 'Node', name: 'gpu-1' } as const;
const RESOURCE = 'nvidia.com/gpu';
const DEVICES = 2;
/** kubelet tells the API server of devices every 10 s, once its plugin has started, some 5 s, or gone. */
const OFFERED_MS = 90_000;
const GONE_MS = 60_000;
/** Twice the goal for the return of a device. */
const LINGERS_SECONDS = 60;

export const gpuControls: readonly Control[] = [
  {
    id: 'gpu/allocatable/plugin-down',
    check: 'gpu/allocatable',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin is taken away',
    expectSeen: /expected 2 nvidia\.com\/gpu to give, seen 0/,
    break: withoutPlugin,
  },
  {
    id: 'gpu/schedule/plugin-down',
    check: 'gpu/schedule',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin is taken away',
    expectSeen: /refused: .*Insufficient nvidia\.com\/gpu/,
    break: withoutPlugin,
  },
  {
    id: 'gpu/taint/soft',
    check: 'gpu/taint',
    verdict: 'fail',
    size: 'full',
    title: 'the taint of the pool only asks others to keep away',
    expectSeen: /it landed on gpu-1/,
    break: async (ctx) => {
      await offers(ctx, DEVICES);
      await ctx.patch(NODE, { spec: { taints: [{ key: RESOURCE, effect: 'PreferNoSchedule' }] } });
    },
  },
  {
    id: 'gpu/exclusive/same-device',
    check: 'gpu/exclusive',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin tells every container of the same device',
    expectSeen: /^device SIM-gpu-1-0 of gpu-1: .*(?:gpu-holds-0, gpu-holds-1|gpu-holds-1, gpu-holds-0)/,
    break: (ctx) => withArgument(ctx, '--same-device=true', DEVICES),
  },
  {
    id: 'gpu/exhausted/one-more',
    check: 'gpu/exhausted',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin offers one device more than there are',
    expectSeen: /it landed on gpu-1, where pods now ask for 3 of 2/,
    break: (ctx) => withArgument(ctx, `--devices=${DEVICES + 1}`, DEVICES + 1),
  },
  {
    id: 'gpu/release/lingering',
    check: 'gpu/release',
    verdict: 'fail',
    size: 'full',
    title: `a pod takes ${LINGERS_SECONDS} s to end`,
    expectSeen: /seen in use again after \d+\.\d s/,
    settings: { settings: { lingersSeconds: LINGERS_SECONDS, restart: false } },
    break: (ctx) => offers(ctx, DEVICES),
  },
  {
    id: 'gpu/metrics/unserved',
    check: 'gpu/metrics',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin serves no metrics',
    expectSeen: /devices of node gpu-1/,
    break: (ctx) => withArgument(ctx, '--metrics=false', DEVICES),
  },
  {
    id: 'gpu/metrics/no-prometheus',
    check: 'gpu/metrics',
    verdict: 'inconclusive',
    size: 'full',
    title: 'Prometheus is down',
    expectSeen: /Prometheus unavailable/,
    break: withoutPrometheus,
  },
];

/** No node is what it asks for, and its pods go. */
async function withoutPlugin(ctx: ControlContext): Promise<void> {
  await offers(ctx, DEVICES);
  await ctx.patch(PLUGIN, {
    spec: { template: { spec: { nodeSelector: { 'plumbline.dev/pool': 'none' } } } },
  });
  await offers(ctx, 0);
}

/** The plugin with one argument more; of an argument that is there twice, Go's flags take the last. */
async function withArgument(ctx: ControlContext, argument: string, offered: number): Promise<void> {
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

/** Waits until the node offers so many: what the control before had changed is told late. */
async function offers(ctx: ControlContext, count: number): Promise<void> {
  const look = async (): Promise<true | null> =>
    offerOf(await required(ctx, NODE), RESOURCE).allocatable === count ? true : null;
  await ctx.until(`${NODE.name} to offer ${count} ${RESOURCE}`, look, { timeoutMs: OFFERED_MS });
}

async function withoutPrometheus(ctx: ControlContext): Promise<void> {
  await offers(ctx, DEVICES);
  await ctx.patch(PROMETHEUS, { spec: { replicas: 0 } });
  const gone = async (): Promise<true | null> => {
    const { status = {} } = await required(ctx, PROMETHEUS);
    return (status.replicas ?? 0) === 0 ? true : null;
  };
  await ctx.until('no pod of Prometheus to be left', gone, { timeoutMs: GONE_MS });
}
