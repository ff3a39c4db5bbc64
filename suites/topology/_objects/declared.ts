import type { Topology, Workload } from '../../../env/schema.ts';
import type { CheckSettings } from '../../catalogue/check-settings.ts';
import { matches } from '../../../reports/judge/topology/declared.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import { asWorkload, ROLLOUT } from '../../../probes/kubernetes/workloads.ts';
import { hasEnded } from '../../../probes/store/member-pods.ts';
import { nodeGroupName } from '../../../reports/record/names/topology-names.ts';
import { hasLabels, isHeld, isRolling, ownerOf } from './shapes.ts';
import type { NodeObject, PodObject, WorkloadObject } from './shapes.ts';
import { namespacedName } from '../../../probes/kubernetes/kube-object.ts';

/** A declared workload, and the object of that name when it is there. */
export interface Found {
  /** `Deployment tender/tender-api`, as judges know it. */
  name: string;
  workload: Workload;
  object: WorkloadObject | undefined;
  /** Its pods were waited for, and did not become ready in that time. */
  waitedInVain?: true;
}

/** A part of the settings; what a check is given follows from its id (`reads` of its row in the catalogue). */
export function setting<Name extends keyof CheckSettings>(
  ctx: CheckContext,
  name: Name,
): CheckSettings[Name] {
  return ctx.settings[name];
}

/** The objects of all declared workloads: one list for each kind that is declared. Refused lists are recorded. */
export async function findWorkloads(
  ctx: CheckContext,
  wanted: (workload: Workload) => boolean = () => true,
): Promise<Found[]> {
  const declared = (setting(ctx, 'workloads') ?? []).filter(wanted);
  const objects = new Map<string, WorkloadObject>();
  for (const kind of new Set(declared.map((workload) => workload.kind))) {
    for (const object of await workloadsOf(ctx, kind)) objects.set(nameOf(object), object);
  }
  return declared.map((workload) => {
    const name = `${workload.kind} ${workload.namespace}/${workload.name}`;
    return { name, workload, object: objects.get(name) };
  });
}

async function workloadsOf(ctx: CheckContext, kind: Workload['kind']): Promise<readonly WorkloadObject[]> {
  if (kind !== 'Rollout') return (await ctx.cluster.items({ kind: `apps/v1/${kind}` })) ?? [];
  const rollouts = (await ctx.cluster.items({ kind: ROLLOUT })) ?? [];
  const refers = rollouts.some(({ spec }) => spec.template === undefined);
  const deployments = refers ? await ctx.cluster.items({ kind: 'apps/v1/Deployment' }) : [];
  return rollouts.flatMap((one) => {
    const found = asWorkload(one, deployments ?? []);
    if (found !== null) return [found];
    const { kind: of = 'a workload', name = '' } = one.spec.workloadRef ?? {};
    ctx.unavailable(nameOf(one), `it has no template, and ${of} ${name} that it refers to could not be read`);
    return [];
  });
}

/**
 * The objects of all declared workloads. While an autoscaler may resize a workload (a range is declared) or a rollout is in
 * progress, a pod that has not started yet is no finding: such a workload is read once its pods are ready, at the latest after `podReady`. Nobody
 * waits for a rollout that is paused.
 */
export async function settledWorkloads(ctx: CheckContext): Promise<Found[]> {
  const found = await findWorkloads(ctx);
  const moving = found.filter(
    ({ workload, object }) =>
      object !== undefined &&
      !isHeld(object) &&
      (workload.replicas.min < workload.replicas.max || isRolling(object)),
  );
  if (moving.length === 0) return found;
  const inVain = new Set<string>();
  await Promise.all(
    moving.map(async ({ name: subject, workload: { kind, namespace, name } }) => {
      const timeoutMs = ctx.timeoutMs('podReady');
      const of = { kind: kind === 'Rollout' ? ROLLOUT : `apps/v1/${kind}`, namespace, names: [name] };
      try {
        await ctx.cluster.wait({ ...of, until: 'ready', count: 1, timeoutMs });
      } catch {
        ctx.signal.throwIfAborted(); // a workload that is still not ready is left to the judge
        inVain.add(subject);
      }
    }),
  );
  const settled = await findWorkloads(ctx);
  return settled.map((one) => (inVain.has(one.name) ? { ...one, waitedInVain: true } : one));
}

export function nameOf(object: KubeObject): string {
  return `${object.kind} ${namespacedName(object)}`;
}

/** The nodes to look at, with their names in the history; none after the refusal was recorded. */
export async function listNodes(ctx: CheckContext): Promise<NodeObject[]> {
  const all = await ctx.cluster.items({ kind: 'v1/Node' });
  if (all === null) return [];
  const found = ownNodes(ctx, all);
  ctx.record('nodes', { names: found.map(({ metadata }) => metadata.name).sort() });
  return found;
}

/** The nodes that the environment does not declare to be those of others. */
export function withoutOthers(
  nodes: readonly NodeObject[],
  { others = [] }: Partial<Topology['nodes']> = {},
): NodeObject[] {
  return nodes.filter(({ metadata }) => !others.some(({ labels }) => hasLabels(labels, metadata.labels)));
}

/** Why there is nothing to look at where `ownNodes` leaves no node. */
export const NO_NODE =
  'no node was listed that is left by topology.nodes: each is one of others, or coming or going by its taints';

/** The nodes to look at: neither those of others, whose number is recorded, nor those that are coming or going, whose names are. */
export function ownNodes(
  ctx: Pick<CheckContext, 'settings' | 'record'>,
  nodes: readonly NodeObject[],
): NodeObject[] {
  const declared = ctx.settings.nodes ?? ctx.settings.topology?.nodes;
  for (const { labels } of declared?.others ?? []) {
    const theirs = nodes.filter(({ metadata }) => hasLabels(labels, metadata.labels));
    ctx.record('nodes-of-others', { group: nodeGroupName(labels), nodes: theirs.length });
  }
  return withoutOthers(nodes, declared).filter(({ metadata, spec }) => {
    // A taint that only asks the scheduler to prefer other nodes is on nodes that serve, too.
    const taints = (spec.taints ?? [])
      .filter(({ key, effect }) => effect !== 'PreferNoSchedule' && isPassing(key, declared))
      .map(({ key }) => key);
    if (taints.length > 0) ctx.record('node-passing', { node: metadata.name, taints });
    return taints.length === 0;
  });
}

/** Pods on none of the nodes that `ownNodes` leaves out, such as a DaemonSet's on the nodes of others. A pod without a node is kept. */
export function podsOnOwn(
  { settings }: Pick<CheckContext, 'settings'>,
  pods: readonly PodObject[],
  nodes: readonly NodeObject[],
): PodObject[] {
  const own = ownNodes({ settings, record: () => undefined }, nodes);
  const left = new Set(nodes.filter((node) => !own.includes(node)).map(({ metadata }) => metadata.name));
  return pods.filter(({ spec }) => !left.has(spec.nodeName ?? ''));
}

/** Taints of Kubernetes itself (not-ready, unschedulable …): the conditions of a node say the same. */
export const OWN_TAINTS = 'node.kubernetes.io/';

/** Whether the key is that of a taint that comes and goes; `*` stands for any text. */
export function isPassing(key: string, { passingTaints = [] }: Partial<Topology['nodes']> = {}): boolean {
  return !key.startsWith(OWN_TAINTS) && passingTaints.some((glob) => matches(glob, key));
}

/** All pods, or null after the refusal was recorded. */
export function listPods(ctx: CheckContext): Promise<PodObject[] | null> {
  return ctx.cluster.items({ kind: 'v1/Pod' });
}

/** A workload's pods, without those that are being deleted and those that have ended, such as evicted ones: neither is a replica. */
export function podsOf(
  { workload: { kind, namespace, name } }: { workload: { kind: string; namespace: string; name: string } },
  pods: readonly PodObject[],
): PodObject[] {
  return pods.filter((pod) => {
    const owner = kind === 'Pod' ? { kind, name: pod.metadata.name } : ownerOf(pod);
    return (
      pod.metadata.namespace === namespace &&
      owner.kind === kind &&
      owner.name === name &&
      pod.metadata.deletionTimestamp === undefined &&
      !hasEnded(pod)
    );
  });
}
