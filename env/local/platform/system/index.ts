/** What the cluster lacks before the platform can run: namespaces, volumes, metrics. */
import { EDGE, OBSERVABILITY, SYSTEM, TENDER, type PlatformContext } from '../context.ts';
import { metadata, type KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import { METRICS, metricsObjects } from './metrics.ts';
import { STORAGE, storageObjects } from './storage.ts';

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(name) };
}

/** Namespaces first: the rest lives in them. */
export function systemObjects(context: PlatformContext): KubeObject[] {
  const namespaces = [TENDER, EDGE, OBSERVABILITY].map(namespace);
  return [...namespaces, ...storageObjects(context), ...metricsObjects(context)];
}

const DEADLINE_S = 120; // a few seconds on an idle machine

/** Waits until both deployments are available and the metrics API answers. */
export async function waitSystem(context: PlatformContext): Promise<void> {
  for (const name of [STORAGE, METRICS]) {
    await waitRollout(context, {
      namespace: SYSTEM,
      workload: `deployment/${name}`,
      deadlineMs: DEADLINE_S * 1000,
    });
  }
  await waitApi(context, 'v1beta1.metrics.k8s.io');
}

/** Waits until an API behind the aggregation layer answers. */
export async function waitApi(context: PlatformContext, name: string): Promise<void> {
  await context.kubectl(
    ['wait', `apiservice/${name}`, '--for=condition=Available', `--timeout=${String(DEADLINE_S)}s`],
    { timeoutMs: (DEADLINE_S + 10) * 1000 },
  );
}
