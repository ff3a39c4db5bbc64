import { isInPool } from '../../../reports/judge/topology/declared.ts';
import { LINE_WRITER, mostWriters } from '../../../reports/record/observations/telemetry.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { ClockedPod, DiskPod, KubeObject, ListParams } from '../../harness/protocol.ts';
import {
  canaryImage,
  canaryLabels,
  canaryMetadata,
  canaryNamespace,
  CONTAINER_DEFAULTS,
  onNodes,
  POD_DEFAULTS,
  podMetadata,
  refOf,
} from '../../topology/_objects/canary.ts';
import { NO_NODE, ownNodes } from '../../topology/_objects/declared.ts';
import { whyNoPods } from '../../topology/_objects/refused-pods.ts';
import { sampleOfPools } from '../../topology/_objects/sample.ts';
import type { NodeObject, PodObject } from '../../topology/_objects/shapes.ts';
import { conditionTrue, nodeOf } from '../../topology/_objects/shapes.ts';
import { fieldsOf, settingsOf } from './settings.ts';
import type { LogFields } from '../../../probes/logs/index.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Name of the container. */
const WRITER = LINE_WRITER;

/** Name of a check's DaemonSet and label of its pods, by the check's id: several may write at once. */
export const nameOf = ({ id }: Pick<CheckContext, 'id'>): string =>
  `${WRITER}-${id.split('/').slice(1).join('-')}`;

export interface LinesOrder {
  run: string;
  count: number;
  perSecond: number;
  /** Lines of requests that come beside them; left out: none. */
  requestLines?: number;
}

/** Pods that write numbered lines, on every node or on a sample of them. */
export interface Writers {
  order: LinesOrder;
  nodes: string[];
  objects: KubeObject[];
}

/**
 * Each start has its own correlation id, so that lines from before and after a container's restart can be told apart. After the last
 * line the script waits to be removed, since a container that ends is restarted. Lines differ only in their number. Their keys are those of
 * the services' own lines, so that a shipper takes them for such.
 */
const scriptOf = ({ service, correlationId, number }: LogFields): string => `
start=$(busybox date +%s)-$$
i=0
while [ $i -lt $COUNT ]; do
  i=$((i + 1))
  echo "{\\"level\\":\\"info\\",\\"${service.line}\\":\\"plumbline-canary\\",\\"msg\\":\\"line $i\\",\\"${correlationId.line}\\":\\"$RUN/line/$NODE/$start\\",\\"${number.line}\\":$i}"
  busybox sleep $PAUSE
done
exec busybox sleep 86400
`;

/**
 * Pods that write numbered lines, whatever the nodes' taints: on every node, or on a sample where the lines would be more than a search can find. Nodes
 * that can run no pod, and those that are left out, are recorded, too. An order of no lines is for the clocks, and takes every node.
 * @param nodesFirst asked only where it is a sample: the nodes that come first
 */
export async function linesOn(
  ctx: CheckContext,
  order: LinesOrder,
  nodesFirst: () => Promise<string[]> = () => Promise.resolve([]),
): Promise<Writers | null> {
  const image = await ctx.step('choose the image of the canaries', () => canaryImage(ctx));
  if (image === null) {
    ctx.unavailable(
      'an image for canaries',
      'declare network.probeImage: no declared workload with `serves: true` exists whose image could be used',
    );
    return null;
  }
  const nodes = await ctx.cluster.items({ kind: 'v1/Node' });
  if (nodes === null) return null;
  const own = ownNodes(ctx, nodes);
  if (own.length === 0) {
    ctx.unavailable('a node to write on', NO_NODE);
    return null;
  }
  const found = own.map((node) => ({
    name: node.metadata.name,
    pool: poolOf(ctx, node),
    ready: conditionTrue(node.status.conditions, 'Ready'),
  }));
  const most = mostNodes(order);
  const able = found.filter(({ ready }) => ready);
  const names = sampleOfPools(able, { most, first: able.length > most ? await nodesFirst() : [] });
  const chosen = new Set(names);
  for (const { name, pool, ready } of found) {
    const leftOut = ready && !chosen.has(name);
    ctx.record('canary-node', { node: name, pool, ready, ...(leftOut && { leftOut: true as const }) });
    if (ready) continue;
    chosen.add(name);
    ctx.record('no-writer', { node: name, reason: 'the node is not Ready: no pod can write there' });
  }
  return { order, nodes: names, objects: [writer(ctx, { image, order, on: [...chosen] })] };
}

function mostNodes({ count, requestLines = 0 }: LinesOrder): number {
  return count === 0 ? Infinity : mostWriters({ lines: count, requestLines });
}

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/** The declared pool whose labels a node has. */
function poolOf(ctx: CheckContext, { metadata: { labels = {} } }: NodeObject): string | null {
  const found = settingsOf(ctx).pools.find((pool) => isInPool(labels, pool));
  if (found !== undefined) return found.name;
  return CONTROL_PLANE in labels ? 'control-plane' : null;
}

function writer(
  ctx: CheckContext,
  { image, order, on }: { image: string; order: LinesOrder; on: readonly string[] },
): KubeObject {
  const { run, count, perSecond } = order;
  const name = { 'app.kubernetes.io/name': nameOf(ctx) };
  const labels = { ...canaryLabels(ctx), ...name };
  const env = [
    { name: 'RUN', value: run },
    { name: 'COUNT', value: String(count) },
    { name: 'PAUSE', value: (1 / perSecond).toFixed(2) },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ];
  const container = {
    name: WRITER,
    image,
    command: ['busybox', 'sh', '-c', scriptOf(fieldsOf(ctx))],
    env,
    ...CONTAINER_DEFAULTS,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: canaryMetadata(ctx, nameOf(ctx), name),
    spec: {
      selector: { matchLabels: name },
      template: {
        metadata: podMetadata({ labels }),
        spec: {
          ...POD_DEFAULTS,
          tolerations: [{ operator: 'Exists' }],
          affinity: onNodes(on),
          containers: [container],
        },
      },
    },
  };
}

/** Starts the writers and waits until each of their nodes has one; nodes without one are recorded. Returns the other nodes' clocks. */
export async function startLines(ctx: CheckContext, writers: Writers): Promise<Clocks> {
  await ctx.cluster.apply(writers.objects);
  try {
    await untilReady(ctx, writers.nodes);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { without } = await whyNotReady(ctx, writers, error);
    for (const one of without) ctx.record('no-writer', one);
  }
  return clocksOf(ctx);
}

/**
 * Nodes on which no pod is, and why not all writers are ready. Where nobody has made the pod of a node, who refuses it says more than that it was waited for in vain; of one
 * that is still to be placed there a refusal is an old one.
 */
async function whyNotReady(
  ctx: CheckContext,
  { nodes, objects: [set] }: Writers,
  error: unknown,
): Promise<{ without: { node: string; reason: string }[]; reason: string }> {
  const pods = await podsOf(ctx);
  const made = new Set(pods.map(nodeOf));
  const placed = new Set(pods.map(({ spec }) => spec.nodeName));
  const areMade = nodes.every((node) => made.has(node));
  const waited = errorText(error);
  const reason = set === undefined || areMade ? waited : ((await whyNoPods(ctx, set)) ?? waited);
  const without = nodes.filter((node) => !placed.has(node));
  return { without: without.map((node) => ({ node, reason: made.has(node) ? waited : reason })), reason };
}

/** By node: how far its clock is ahead, give or take an error, ms. */
export type Clocks = ReadonlyMap<string, ClockedPod['clock']>;

async function clocksOf(ctx: CheckContext): Promise<Clocks> {
  const { id: check, trial } = ctx;
  const pods = (await podsOf(ctx)).map((pod) => {
    const { node, namespace, pod: name, container } = diskPod(pod, WRITER);
    return { node, namespace, pod: name, container };
  });
  const found = await ctx.step('measure how far the clocks of the nodes are off', () =>
    ctx.runner.call('clocks.nodes', { check, trial, pods }),
  );
  return new Map(found.map(({ node, offsetMs, errorMs }) => [node, { offsetMs, errorMs }]));
}

/** How far a clock may be off that could not be read, ms: logs are read from further back. */
const UNREAD_MS = 60_000;

/** @param errorMs how far a clock may be off that was not measured */
export function clocked<T extends DiskPod>(
  pods: readonly T[],
  clocks: Clocks,
  errorMs = UNREAD_MS,
): (T & ClockedPod)[] {
  return pods.map((pod) => ({ ...pod, clock: clocks.get(pod.node) ?? { offsetMs: 0, errorMs } }));
}

/** Each line starts a process, so writing takes longer than the pauses alone. */
const SLOWER = 1.25;

/** How long the pods write, ms. */
export function linesMs({ count, perSecond }: LinesOrder): number {
  return Math.ceil((count / perSecond) * 1000 * SLOWER);
}

/**
 * Start of the writer that started last, wall clock ms: after its node was lost, it writes all of its lines again. Waits until all
 * writers run; one that does not is found on no disk.
 */
export async function lastStartMs(ctx: CheckContext, writers: Writers): Promise<number> {
  try {
    await untilReady(ctx, writers.nodes);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable('a writer of lines', (await whyNotReady(ctx, writers, error)).reason);
  }
  const pods = await podsOf(ctx);
  const starts = pods.flatMap(({ status }) =>
    (status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? '')),
  );
  return Math.max(0, ...starts.filter((startMs) => !Number.isNaN(startMs)));
}

function writersOf(ctx: CheckContext): ListParams<'v1/Pod'> {
  return {
    kind: 'v1/Pod',
    namespace: canaryNamespace(ctx),
    labels: { 'app.kubernetes.io/name': nameOf(ctx) },
  };
}

/** @throws where not all of the writers are ready in time */
async function untilReady(ctx: CheckContext, nodes: readonly string[]): Promise<void> {
  const timeoutMs = ctx.timeoutMs('podReady');
  await ctx.cluster.wait({ ...writersOf(ctx), until: 'ready', count: nodes.length, timeoutMs });
}

async function podsOf(ctx: CheckContext): Promise<PodObject[]> {
  return (await ctx.cluster.items(writersOf(ctx))) ?? [];
}

/** The writers as they are now, for the count on the disks. */
export async function writerPods(ctx: CheckContext): Promise<DiskPod[]> {
  return (await podsOf(ctx)).map((pod) => diskPod(pod, WRITER));
}

export function diskPod(pod: PodObject, container: string): DiskPod {
  const status = pod.status.containerStatuses?.find(({ name }) => name === container);
  return {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name,
    container,
    node: pod.spec.nodeName ?? '',
    restarts: status?.restartCount ?? 0,
  };
}

export async function removeLines(ctx: CheckContext, { objects }: Writers): Promise<void> {
  await ctx.cluster.remove(objects.map(refOf));
  await ctx.cluster.wait({
    kind: 'v1/Pod',
    namespace: canaryNamespace(ctx),
    labels: { 'app.kubernetes.io/name': nameOf(ctx) },
    until: 'gone',
    count: 0,
    timeoutMs: ctx.timeoutMs('podGone'),
  });
}
