import type { Environment, Stores, Topology, Workload } from '../../env/schema.ts';
import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { ownerOf } from './shapes.ts';
import type { PodObject, WorkloadObject } from './shapes.ts';

/** A declared workload, and the object of that name when it is there. */
export interface Found {
  /** `Deployment tender/tender-api`, as judges know it. */
  name: string;
  workload: Workload;
  object: WorkloadObject | undefined;
}

/** What `settingsFor` (env/settings.ts) puts into the header of a topology check; each check is given some of it. */
export interface Settings extends Partial<Topology> {
  apiAddress?: string;
  namespaces?: Environment['namespaces'];
  stores?: Stores;
  /** Whether this environment lets checks create canaries. */
  writes?: boolean;
}

/** A part of the settings; the environment's schema has made sure of its shape. */
export function setting<Name extends keyof Settings>(ctx: CheckContext, name: Name): Settings[Name] {
  return ctx.settings[name] as Settings[Name];
}

/** The objects of all declared workloads: one list for each kind that is declared. Refused lists are recorded. */
export async function findWorkloads(
  ctx: CheckContext,
  wanted: (workload: Workload) => boolean = () => true,
): Promise<Found[]> {
  const declared = (setting(ctx, 'workloads') ?? []).filter(wanted);
  const objects = new Map<string, KubeObject>();
  for (const kind of new Set(declared.map((workload) => workload.kind))) {
    for (const object of (await ctx.cluster.items({ kind: `apps/v1/${kind}` })) ?? [])
      objects.set(nameOf(object), object);
  }
  return declared.map((workload) => {
    const name = `${workload.kind} ${workload.namespace}/${workload.name}`;
    return { name, workload, object: objects.get(name) as WorkloadObject | undefined };
  });
}

/**
 * The objects of all declared workloads. Where their number may change (a range is declared: an autoscaler moves it), a pod that has not
 * started yet is no finding: what is wanted then is looked at once it has arrived, or after `podReady` as it is.
 */
export async function settledWorkloads(ctx: CheckContext): Promise<Found[]> {
  const found = await findWorkloads(ctx);
  const scaled = found.filter(
    ({ workload, object }) => object !== undefined && workload.replicas.min < workload.replicas.max,
  );
  if (scaled.length === 0) return found;
  await Promise.all(
    scaled.map(async ({ workload: { kind, namespace, name } }) => {
      const timeoutMs = ctx.timeoutMs('podReady');
      const of = { kind: `apps/v1/${kind}`, namespace, names: [name] };
      try {
        await ctx.cluster.wait({ ...of, until: 'ready', count: 1, timeoutMs });
      } catch {
        ctx.signal.throwIfAborted(); // what has not arrived is for the judge to find
      }
    }),
  );
  return findWorkloads(ctx);
}

export function nameOf(object: KubeObject): string {
  return `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** All pods, or null after the refusal was recorded. */
export async function listPods(ctx: CheckContext): Promise<PodObject[] | null> {
  return (await ctx.cluster.items({ kind: 'v1/Pod' })) as PodObject[] | null;
}

export function podsOf(found: Found, pods: readonly PodObject[]): PodObject[] {
  const { kind, namespace, name } = found.workload;
  return pods.filter((pod) => {
    const owner = ownerOf(pod);
    return (
      pod.metadata.namespace === namespace &&
      owner.kind === kind &&
      owner.name === name &&
      pod.metadata.deletionTimestamp === undefined
    );
  });
}
