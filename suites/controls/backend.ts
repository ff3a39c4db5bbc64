/** The reference backend, as controls change it. */
import type { KubeObject } from '../harness/protocol.ts';
import type { ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';
import type { ContainerPart } from './topology-declared.ts';

export const BACKEND = deployment('tender', 'tender-api');
/** A pod after the other, each ready before the next; two pods take some 15 s. */
export const ROLLED_OUT_MS = 120_000;

/** As much of a Deployment as controls look at. */
export interface DeploymentPart {
  spec: { replicas?: number; template: { spec: { containers: ContainerPart[] } } };
  status?: {
    observedGeneration?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    replicas?: number;
  };
}

/** Changes the containers of the backend, and returns when no pod of before is left. */
export async function rollOutBackend(
  ctx: ControlContext,
  what: string,
  change: (container: ContainerPart) => ContainerPart,
): Promise<void> {
  const found = (await required(ctx, BACKEND)) as KubeObject & DeploymentPart;
  const containers = found.spec.template.spec.containers.map(change);
  await ctx.patch(BACKEND, { spec: { template: { spec: { containers } } } });
  await ctx.until(`${what} to be rolled out`, () => rolledOut(ctx), { timeoutMs: ROLLED_OUT_MS });
}

async function rolledOut(ctx: ControlContext): Promise<true | null> {
  const { metadata, spec, status = {} } = (await required(ctx, BACKEND)) as KubeObject & DeploymentPart;
  const wanted = spec.replicas ?? 1;
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const counts = [status.readyReplicas, status.updatedReplicas, status.replicas];
  return seen && counts.every((count) => count === wanted) ? true : null;
}
