import { BACKEND, ROLLED_OUT_MS, rollOutBackend } from '../../_breaking/backend.ts';
import { required } from '../../_breaking/objects.ts';
import type { ContainerPart } from '../../_breaking/objects.ts';
import { controlsFor } from '../../harness/control.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import type { ObjectRef } from '../../harness/protocol.ts';

/** How long a new pod takes before it listens. With a readiness probe nobody would notice. */
const SLOW_START_SECONDS = 10;

const AUTOSCALER: ObjectRef = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  namespace: BACKEND.namespace,
  name: BACKEND.name,
};

/** As many as the autoscaler keeps at least. */
const PODS_AT_REST = 2;

/** The autoscaler looks every 15 s (Kubernetes' default); then a pod ends within its grace of 20 s. */
const SCALED_MS = 90_000;

/** Requests after the restart; enough to fail, and short. */
const WINDOW_SECONDS = 30;

/**
 * After the loss of a node, failures are allowed until it can be detected; this much more is enough to fail. The pod is not replaced
 * meanwhile: Kubernetes tolerates an unreachable node for five minutes by default.
 */
const WINDOW_AFTER_DETECTION_SECONDS = 30;

/** The catalogue's value, repeated because the window is counted from it. */
const DETECTION_SECONDS = 60;

/** The image's own entrypoint, which the control wraps to start later. */
const START = 'exec node /app/service/main.ts';

export const controls: readonly Control[] = [
  ...controlsFor('failover/backend/rolling-restart', {
    'no-readiness': {
      title: `the backend has no readiness probe, and needs ${SLOW_START_SECONDS} s before it listens`,
      seen: /requests failed .*allowed: 0\.1 %/,
      settings: { goals: { windowSeconds: WINDOW_SECONDS } },
      break: withoutReadiness,
    },
  }),
  ...onePod('pod-crash', { windowSeconds: WINDOW_SECONDS }),
  ...onePod('node-loss', {
    detectionSeconds: DETECTION_SECONDS,
    windowSeconds: DETECTION_SECONDS + WINDOW_AFTER_DETECTION_SECONDS,
  }),
];

/** With one pod only: if there were another, the gateway would retry there and hide the failure. */
function onePod(fault: 'pod-crash' | 'node-loss', goals: Record<string, number>): Control[] {
  return controlsFor(`failover/backend/${fault}`, {
    'one-pod': {
      title: 'the backend has a single pod',
      seen: /requests failed .*allowed: 0\.1 %/,
      settings: { goals },
      break: (ctx) => holdAt(ctx, 1),
    },
  });
}

/**
 * Rolled out before the check begins: pods that the check restarts then get traffic before they listen. The autoscaler is held: a pod
 * that it adds, for the CPU that the others need to start, gets traffic too early as well, and requests fail before the fault.
 */
async function withoutReadiness(ctx: ControlContext): Promise<void> {
  await holdAt(ctx, PODS_AT_REST);
  await rollOutBackend(
    ctx,
    'the backend without its readiness probe',
    ({ readinessProbe: _removed, livenessProbe, ...rest }): ContainerPart => ({
      ...rest,
      readinessProbe: null,
      // Without the delay, the liveness probe would kill a pod that starts slowly.
      livenessProbe: { ...livenessProbe, initialDelaySeconds: SLOW_START_SECONDS * 2 },
      command: ['busybox', 'sh', '-c', `busybox sleep ${SLOW_START_SECONDS}; ${START}`],
    }),
  );
  // Without a probe a pod is ready at once, but the last one listens only after its slow start.
  await ctx.until('the last pod to listen', listeningFor(SLOW_START_SECONDS * 1000), {
    timeoutMs: ROLLED_OUT_MS,
  });
}

/** Patches the autoscaler, which would change a count that is given to the Deployment itself. */
async function holdAt(ctx: ControlContext, pods: number): Promise<void> {
  await ctx.patch(AUTOSCALER, { spec: { minReplicas: pods, maxReplicas: pods } });
  await ctx.until(`pods of the backend to be ${pods}`, () => exactly(ctx, pods), { timeoutMs: SCALED_MS });
}

/** Waits also until a surplus pod is gone: while it ends, the fault could be aimed at it. */
async function exactly(ctx: ControlContext, wanted: number): Promise<true | null> {
  const { metadata, spec, status = {} } = await required(ctx, BACKEND);
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const counts = [spec.replicas, status.replicas, status.readyReplicas];
  if (!seen || counts.some((count) => count !== wanted)) return null;
  const pods = await ctx.list({
    kind: 'v1/Pod',
    namespace: BACKEND.namespace,
    labels: { 'app.kubernetes.io/name': BACKEND.name },
  });
  return pods.length === wanted ? true : null;
}

function listeningFor(ms: number): () => Promise<true | null> {
  const end = Date.now() + ms + 2_000;
  return () => Promise.resolve(Date.now() >= end ? true : null);
}
