/** The reference backend, as controls change it. */
import type { Container, WorkloadObject } from '../../probes/kubernetes/objects.ts';
import { NotApplicable } from '../harness/control.ts';
import type { ControlContext } from '../harness/control.ts';
import { deployment, required } from './objects.ts';
import type { ContainerPart, Deployed } from './objects.ts';

export const BACKEND = deployment('tender', 'tender-api');
/** A pod after the other, each ready before the next; two pods take some 15 s. */
export const ROLLED_OUT_MS = 120_000;

/** @throws NotApplicable where another service is the backend. @param what what only the reference backend has */
export function referenceOnly({ environment: { topology } }: ControlContext, what: string): void {
  const { namespace, name } = topology.edge?.backend?.deployment ?? {};
  if (namespace === BACKEND.namespace && name === BACKEND.name) return;
  const here = name === undefined ? 'is not declared' : `is ${namespace ?? ''}/${name}`;
  throw new NotApplicable(`only the reference backend has ${what}, and topology.edge.backend ${here}`);
}

/** Changes the containers of the backend, and returns when no old pod is left. */
export function rollOutBackend(
  ctx: ControlContext,
  what: string,
  change: (container: Container) => ContainerPart,
): Promise<void> {
  return rollOut(ctx, BACKEND, { what, change });
}

/** A change of a Deployment's template. */
interface Change {
  /** Name of the change, for the message of the wait. */
  what: string;
  change: (container: Container) => ContainerPart;
  /** Further fields of the pod spec. */
  pod?: Record<string, unknown>;
}

/** Changes a Deployment, and returns when no old pod is left. */
export async function rollOut(
  ctx: ControlContext,
  ref: Deployed,
  { what, change, pod = {} }: Change,
): Promise<void> {
  const found = await required(ctx, ref);
  const containers = found.spec.template.spec.containers.map(change);
  const before = await podsOf(ctx, ref, found);
  await ctx.patch(ref, { spec: { template: { spec: { ...pod, containers } } } });
  await ctx.until(`${what} to be rolled out`, () => rolledOut(ctx, ref), { timeoutMs: ROLLED_OUT_MS });
  // A terminating pod still answers on connections that the gateway keeps open, although the Deployment no longer counts it.
  await ctx.until('the last old pod to be gone', async () => none(before, await podsOf(ctx, ref, found)), {
    timeoutMs: ROLLED_OUT_MS,
  });
}

async function podsOf(
  ctx: ControlContext,
  { namespace }: Deployed,
  { spec }: WorkloadObject,
): Promise<string[]> {
  const { matchLabels: labels = {} } = spec.selector ?? {};
  const pods = await ctx.list({ kind: 'v1/Pod', namespace, labels });
  return pods.map((pod) => pod.metadata.uid ?? pod.metadata.name);
}

function none(before: readonly string[], now: readonly string[]): true | null {
  return before.some((pod) => now.includes(pod)) ? null : true;
}

async function rolledOut(ctx: ControlContext, ref: Deployed): Promise<true | null> {
  const { metadata, spec, status = {} } = await required(ctx, ref);
  const wanted = spec.replicas ?? 1;
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const counts = [status.readyReplicas, status.updatedReplicas, status.replicas];
  return seen && counts.every((count) => count === wanted) ? true : null;
}
