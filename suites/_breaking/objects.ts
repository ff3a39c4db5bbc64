import type { Workload } from '../../env/schema.ts';
import type { Container, ObjectOf } from '../../probes/kubernetes/objects.ts';
import type { KubeObject, ObjectRef } from '../harness/protocol.ts';
import type { ControlContext } from '../harness/control.ts';
import { CONTAINER_DEFAULTS, POD_DEFAULTS, podMetadata } from '../topology/_objects/canary.ts';

/** Namespace of the canaries of controls: the one that embedded environments declare for the canaries of checks. */
export const CANARY = 'plumbline-canary';

/** Within this, a pod ends, or a server with an empty disk becomes ready; each takes seconds. */
const SCALED_MS = 90_000;

/** A container of a merge patch: a field that is null is taken away. */
export interface ContainerPart {
  name: string;
  [field: string]: unknown;
}

export type Deployed = ObjectRef<'apps/v1', 'Deployment'> & { namespace: string };

export function deployment(namespace: string, name: string): Deployed {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
}

/** The Prometheus of embedded environments. */
export const PROMETHEUS = deployment('observability', 'prometheus');

/** A workload as the environment would declare it, for a canary that a control breaks. */
export function canaryWorkload(kind: 'Deployment' | 'StatefulSet', name: string, replicas: number): Workload {
  return {
    kind,
    namespace: CANARY,
    name,
    replicas: { min: replicas, max: replicas },
    serves: true,
    spread: { differentNodes: true, disruptionBudget: true },
    exempt: [],
  };
}

/** @throws Error if the object is missing: the environment is broken already, so a control would prove nothing */
export async function required<Version extends string, Kind extends string>(
  ctx: ControlContext,
  ref: ObjectRef<Version, Kind>,
): Promise<ObjectOf<`${Version}/${Kind}`>> {
  const found = await ctx.get(ref);
  if (found === null)
    throw new Error(
      `${ref.kind} ${ref.namespace ?? ''}/${ref.name} does not exist: \`plumbline env status\` shows what is provisioned`,
    );
  return found;
}

/** Waits until a Deployment has so many pods, all ready, and no other. */
export async function scaled(ctx: ControlContext, ref: Deployed, replicas: number): Promise<void> {
  await ctx.until(
    `${replicas} pods of ${ref.name}`,
    async () => {
      const { status = {} } = await required(ctx, ref);
      const { readyReplicas = 0, replicas: there = 0 } = status;
      return readyReplicas === replicas && there === replicas ? true : null;
    },
    { timeoutMs: SCALED_MS },
  );
}

/** Waits that long, ending with the control. */
export async function passed(ctx: ControlContext, what: string, lengthMs: number): Promise<void> {
  const begunMs = performance.now();
  await ctx.until(what, () => Promise.resolve(performance.now() - begunMs > lengthMs || null), {
    timeoutMs: lengthMs * 2,
  });
}

/**
 * Changes the containers of a Deployment and pauses it in the same patch, so that only the declaration changes and no pod is
 * replaced, neither now nor when the change is put back.
 */
export async function changeContainers(
  ctx: ControlContext,
  ref: Deployed,
  change: (container: Container) => ContainerPart,
): Promise<void> {
  const found = await required(ctx, ref);
  const containers = found.spec.template.spec.containers.map(change);
  await ctx.patch(ref, { spec: { paused: true, template: { spec: { containers } } } });
}

/** The image of a workload that runs here: every node has it, or can pull it. */
export async function someImage(ctx: ControlContext): Promise<string> {
  const found = await required(ctx, deployment('tender', 'tender-api'));
  const image = found.spec.template.spec.containers[0]?.image;
  if (image === undefined) throw new Error('Deployment tender/tender-api has no container with an image');
  return image;
}

/** Template of an idle pod that meets every rule of the checks for containers. */
export function idlePod(
  name: string,
  image: string,
  extra: { container?: Record<string, unknown>; pod?: Record<string, unknown> } = {},
): Record<string, unknown> {
  const alive = { exec: { command: ['busybox', 'true'] } };
  return {
    metadata: podMetadata({
      labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'plumbline' },
    }),
    spec: {
      ...POD_DEFAULTS,
      containers: [
        {
          ...CONTAINER_DEFAULTS,
          name: 'idle',
          image,
          command: ['busybox', 'sleep', '3600'],
          livenessProbe: alive,
          readinessProbe: alive,
          resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { cpu: '50m', memory: '32Mi' } },
          ...extra.container,
        },
      ],
      ...extra.pod,
    },
  };
}

export function canary(
  apiVersion: string,
  kind: string,
  name: string,
  rest: Record<string, unknown>,
): KubeObject {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'plumbline' };
  return { apiVersion, kind, metadata: { name, namespace: CANARY, labels }, ...rest };
}
