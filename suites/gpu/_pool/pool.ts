import type { Pool } from '../../../env/schema.ts';
import type { CheckSettings } from '../../catalogue/check-settings.ts';
import { isInPool } from '../../../reports/judge/topology/declared.ts';
import { offerOf, readPods } from '../../../probes/gpu/index.ts';
import type { NodeOffer, NodePod, Taint } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { canaryNamespace } from '../../topology/_objects/canary.ts';
import { ownNodes } from '../../topology/_objects/declared.ts';
import { conditionTrue } from '../../topology/_objects/shapes.ts';
import { recordClaims } from './claims.ts';
import type { NodeObject } from '../../topology/_objects/shapes.ts';

/** A node of the pool with what runs on it. */
export interface PoolNode extends NodeOffer {
  object: NodeObject;
  allocatable: number;
  taints: Taint[];
  pods: NodePod[];
}

/** @throws Error when the environment declares none: the check is not planned then */
export function gpuOf(ctx: Pick<CheckContext, 'settings'>): NonNullable<CheckSettings['gpu']> {
  const { gpu } = ctx.settings;
  if (gpu === undefined) throw new Error('the environment declares no gpu');
  return gpu;
}

/** The pool that holds the devices; references between the parts of an environment file are checked when it is loaded. */
export function poolOf(ctx: Pick<CheckContext, 'settings'>): Pool {
  const found = (ctx.settings.pools ?? []).find(({ name }) => name === gpuOf(ctx).pool);
  if (found === undefined) throw new Error(`topology.pools has no pool "${gpuOf(ctx).pool}"`);
  return found;
}

/** Whether this environment lets checks create canaries. */
export function mayWrite(ctx: Pick<CheckContext, 'settings'>): boolean {
  return ctx.settings.writes === true;
}

/** Records every node of the pool, and any other that offers the resource. Returns those of the pool; null: they could not be read. */
export async function recordNodes(ctx: CheckContext): Promise<NodeObject[] | null> {
  const { resource } = gpuOf(ctx);
  const all = await ctx.cluster.items({ kind: 'v1/Node' });
  if (all === null) return null;
  const nodes = ownNodes(ctx, all);
  const pool = poolOf(ctx);
  const isMember = ({ metadata }: NodeObject): boolean => isInPool(metadata.labels ?? {}, pool);
  for (const node of nodes) {
    const { capacity, allocatable } = offerOf(node, resource);
    if (!isMember(node) && capacity === null) continue;
    ctx.record('gpu-node', {
      name: node.metadata.name,
      pool: isMember(node),
      ready: conditionTrue(node.status.conditions, 'Ready'),
      allocatable,
      ...(node.spec.unschedulable === true && { cordoned: true }),
    });
  }
  return nodes.filter(isMember);
}

/**
 * The nodes of the pool with what their pods request, recorded; null after recording that they could not be read. The cache has neither
 * requests nor tolerations of pods, so the API server is queried once per node.
 */
export async function lookAtPool(ctx: CheckContext): Promise<PoolNode[] | null> {
  const nodes = await recordNodes(ctx);
  if (nodes === null) return null;
  return withPods(ctx, nodes);
}

/** Counts the same nodes again: pods started meanwhile must be among those that request devices. */
export function lookAgain(ctx: CheckContext, nodes: readonly PoolNode[]): Promise<PoolNode[] | null> {
  return ctx.step('count again who holds devices', () =>
    withPods(
      ctx,
      nodes.map(({ object }) => object),
    ),
  );
}

async function withPods(ctx: CheckContext, nodes: readonly NodeObject[]): Promise<PoolNode[] | null> {
  const { resource } = gpuOf(ctx);
  const seen: PoolNode[] = [];
  for (const node of nodes) {
    const { name } = node.metadata;
    const pods = await podsOn(ctx, name);
    if (pods === null) return null;
    const requested = pods.reduce((sum, pod) => sum + pod.requested, 0);
    const holders = pods
      .filter((pod) => pod.requested > 0)
      .map((pod) => ({ pod: pod.name, asked: pod.requested }));
    ctx.record('gpu-requested', { node: name, holders });
    await recordClaims(ctx, name, pods);
    const allocatable = offerOf(node, resource).allocatable ?? 0;
    const free = Math.max(0, allocatable - requested);
    seen.push({ node: name, object: node, allocatable, free, taints: node.spec.taints ?? [], pods });
  }
  return seen;
}

/** The pods on a node; null after recording that they could not be read. */
export async function podsOn(ctx: CheckContext, node: string): Promise<NodePod[] | null> {
  const selector = encodeURIComponent(`spec.nodeName=${node}`);
  const { status, body } = await ctx.cluster.raw(`/api/v1/pods?fieldSelector=${selector}`);
  const pods = status === 200 ? readPods(body, gpuOf(ctx).resource) : null;
  if (pods !== null) return pods;
  const why = status === 200 ? 'the API server answered with no list' : `the API server answered ${status}`;
  ctx.unavailable(`pods of ${node}`, why);
  return null;
}

/** A canary as the API server has it now, with what admission made of it; undefined: it is not there, or could not be read. */
export async function canaryNow(ctx: CheckContext, name: string): Promise<NodePod | undefined> {
  const namespace = canaryNamespace(ctx);
  const selector = encodeURIComponent(`metadata.name=${name}`);
  const { status, body } = await ctx.cluster.raw(
    `/api/v1/namespaces/${namespace}/pods?fieldSelector=${selector}`,
  );
  const pods = status === 200 ? readPods(body, gpuOf(ctx).resource) : null;
  return pods?.find((pod) => pod.name === `${namespace}/${name}`);
}

/** Records the claims of pods on those nodes that do not offer what is declared: there devices may be given through claims alone. */
export async function recordClaimsBesides(ctx: CheckContext, nodes: readonly NodeObject[]): Promise<void> {
  const { resource, devicesPerNode } = gpuOf(ctx);
  for (const node of nodes) {
    if (offerOf(node, resource).allocatable === devicesPerNode) continue;
    const pods = await podsOn(ctx, node.metadata.name);
    if (pods !== null) await recordClaims(ctx, node.metadata.name, pods);
  }
}

/**
 * Nodes of the pool with free devices to which a canary may go: Ready, and not cordoned. Records if fewer devices are free than needed, since then
 * nothing can be shown.
 */
export function freeOf(ctx: CheckContext, nodes: readonly PoolNode[], needed = 1): PoolNode[] {
  const free = nodes.filter((node) => node.free > 0 && takesPods(node));
  const count = free.reduce((sum, node) => sum + node.free, 0);
  const offered = nodes.reduce((sum, node) => sum + node.allocatable, 0);
  if (offered > 0 && count < needed) ctx.record('gpu-busy', { free: count, offered, needed });
  return free;
}

const takesPods = ({ object: { spec, status } }: PoolNode): boolean =>
  spec.unschedulable !== true && conditionTrue(status.conditions, 'Ready');
