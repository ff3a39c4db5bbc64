import { monoMs } from '../../../../host/clock.ts';
import { RequestError } from '../../../harness/request-error.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject, ListResult } from '../../../harness/protocol.ts';
import {
  canaryImage,
  canaryMetadata,
  canaryNamespace,
  canaryPod,
  offOthers,
  refOf,
} from '../../../topology/_objects/canary.ts';
import { withoutOthers } from '../../../topology/_objects/declared.ts';
import { conditionTrue } from '../../../topology/_objects/shapes.ts';
import type { NodeObject } from '../../../topology/_objects/shapes.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

const PORT = 8080;

/** As many at once as a Deployment brings up when it grows by a step; more would measure the queue of kubelet. */
const AT_ONCE = 2;

interface Startup {
  /** Starts that are timed. */
  pods: number;
  /** Set by the control: delay of the readiness probe. */
  readinessDelaySeconds?: number;
}

/**
 * Starts small pods and times each from its creation to the watch event that says that it is ready. Images are on the nodes before, and
 * there are no init containers: as in Kubernetes' own objective for the start of pods.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  const image = await canaryImage(ctx);
  if (image === null) {
    ctx.unavailable(
      'image',
      'declare network.probeImage: no declared workload with `serves: true` exists whose image could be used',
    );
    return;
  }
  const startup = startupOf(ctx);
  const warm = await ctx.step('bring the image to every node', () => warmNodes(ctx, image));
  if (warm === null) return;
  await ctx.step(`start ${startup.pods} pods, ${AT_ONCE} at a time`, async () => {
    for (let at = 0; at < startup.pods; at += AT_ONCE) {
      const names = Array.from({ length: Math.min(AT_ONCE, startup.pods - at) }, (_, i) => `start-${at + i}`);
      await Promise.all(names.map((name) => startOne(ctx, podFor(ctx, { name, image, startup }), warm)));
    }
  });
}

function startupOf(ctx: CheckContext): Startup {
  const { startup } = ctx.settings;
  if (startup === undefined) throw new Error('the environment declares no startup');
  return startup;
}

/**
 * One pod on each node that takes pods, so that the image is there; returns the nodes where it got ready. Starts on another node, such as one that is
 * full, do not count. null: nodes or pods cannot be read, which is recorded.
 */
async function warmNodes(ctx: CheckContext, image: string): Promise<ReadonlySet<string> | null> {
  const all = await ctx.cluster.items({ kind: 'v1/Node' });
  if (all === null) return null;
  const nodes = withoutOthers(all, ctx.settings.topology?.nodes).filter(takesPods);
  const pods = nodes.map(({ metadata: { name } }) =>
    podFor(ctx, { name: warmName(name), image, startup: { pods: 0 }, node: name }),
  );
  try {
    await ctx.cluster.apply(pods);
    const { items, unavailable } = await readyPods(
      ctx,
      pods.map(({ metadata }) => metadata.name),
    );
    if (unavailable !== undefined) {
      ctx.unavailable('v1/Pod', unavailable);
      return null;
    }
    const ready = new Set(items.map(({ metadata }) => metadata.name));
    return new Set(nodes.flatMap(({ metadata: { name } }) => (ready.has(warmName(name)) ? name : [])));
  } finally {
    await ctx.cluster.remove(pods.map(refOf));
  }
}

const warmName = (node: string): string => `warm-${node}`;

/** @throws RequestError when none is ready in time, or for another reason than the time */
async function readyPods(ctx: CheckContext, names: string[]): Promise<ListResult<'v1/Pod'>> {
  const there = { kind: 'v1/Pod', namespace: canaryNamespace(ctx) } as const;
  try {
    return await ctx.cluster.wait({
      ...there,
      names,
      until: 'ready',
      count: names.length,
      timeoutMs: ctx.timeoutMs('podReady'),
    });
  } catch (error) {
    if (!(error instanceof RequestError && error.reason === 'timeout')) throw error;
    const { items, ...rest } = await ctx.cluster.list(there);
    const ready = items.filter(
      ({ metadata, status }) => names.includes(metadata.name) && conditionTrue(status.conditions, 'Ready'),
    );
    if (ready.length === 0 && rest.unavailable === undefined) throw error;
    return { items: ready, ...rest };
  }
}

function takesPods({ spec: { taints = [], unschedulable = false } }: NodeObject): boolean {
  return !unschedulable && taints.every(({ effect }) => effect === 'PreferNoSchedule');
}

/** Only a wait that ran out is a slow start: a pod that could not be created, or not be watched, says nothing about how long it takes. */
async function startOne(ctx: CheckContext, pod: KubeObject, warm: ReadonlySet<string>): Promise<void> {
  const { name } = pod.metadata;
  const createdMs = monoMs();
  let created = false;
  try {
    await ctx.cluster.apply([pod]);
    created = true;
    const { items, unavailable } = await ctx.cluster.wait({
      kind: 'v1/Pod',
      namespace: canaryNamespace(ctx),
      names: [name],
      until: 'ready',
      count: 1,
      timeoutMs: ctx.timeoutMs('podReady'),
    });
    const readyMs = monoMs();
    const [found] = items;
    if (found === undefined) throw new Error(unavailable ?? 'the pod no longer exists');
    const { nodeName = null, initContainers = [] } = found.spec;
    ctx.record('pod-started', {
      pod: name,
      createdMs,
      readyMs,
      node: nodeName,
      imagePresent: warm.has(nodeName ?? ''),
      initContainers: initContainers.length,
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    const reason = errorText(error);
    if (created && error instanceof RequestError && error.reason === 'timeout')
      ctx.record('pod-not-started', { pod: name, createdMs, reason });
    else ctx.unavailable(`pod ${name}`, reason);
  } finally {
    await ctx.cluster.remove([refOf(pod)]);
  }
}

function podFor(
  ctx: CheckContext,
  of: { name: string; image: string; startup: Startup; node?: string },
): KubeObject {
  const delay = of.startup.readinessDelaySeconds;
  const container = {
    name: 'canary',
    image: of.image,
    // The start is timed, not the registry: with `:latest`, or no tag, kubelet would ask it each time.
    imagePullPolicy: 'IfNotPresent',
    command: ['busybox', 'httpd', '-f', '-p', String(PORT), '-h', '/etc'],
    ports: [{ containerPort: PORT }],
    readinessProbe: {
      httpGet: { path: '/hostname', port: PORT },
      periodSeconds: 1,
      ...(delay !== undefined && { initialDelaySeconds: delay }),
    },
  };
  const spec = of.node === undefined ? offOthers(ctx) : { nodeName: of.node };
  return canaryPod(canaryMetadata(ctx, of.name), container, spec);
}
