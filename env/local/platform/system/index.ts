/** What the cluster lacks before the platform can run: namespaces, volumes, metrics. */
import { waitFor } from '../../../../host/wait.ts';
import { EDGE, OBSERVABILITY, SYSTEM, TENDER, type PlatformContext } from '../context.ts';
import { metadata, type KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import { METRICS, metricsObjects } from './metrics.ts';
import { STORAGE, storageObjects } from './storage.ts';

const METRICS_API = 'apiservice/v1beta1.metrics.k8s.io';

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(name) };
}

/** Namespaces first: the rest lives in them. */
export function systemObjects(context: PlatformContext): KubeObject[] {
  const namespaces = [TENDER, EDGE, OBSERVABILITY].map(namespace);
  return [...namespaces, ...storageObjects(context), ...metricsObjects(context)];
}

const DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until both deployments are available and the metrics API answers. */
export async function waitSystem(context: PlatformContext): Promise<void> {
  for (const name of [STORAGE, METRICS]) {
    await waitRollout(context, {
      namespace: SYSTEM,
      workload: `deployment/${name}`,
      deadlineMs: DEADLINE_MS,
    });
  }
  await waitApi(context, METRICS_API);
}

/** Waits until an API behind the aggregation layer answers. @param name `apiservice/NAME` */
export async function waitApi(context: PlatformContext, name: string): Promise<void> {
  await waitFor(async () => await answersFor(context, name), {
    what: `the API server of ${context.instance} to reach ${name}`,
    deadlineMs: DEADLINE_MS,
    intervalMs: 300,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} describe ${name}`,
  });
}

/** @throws with why the API server does not reach it */
async function answersFor(context: PlatformContext, name: string): Promise<true> {
  const text = await context.kubectl(['get', name, '-o', 'json']);
  const { status } = JSON.parse(text) as {
    status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
  };
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available?.status === 'True') return true;
  throw new Error(`${available?.reason ?? 'no condition yet'}: ${available?.message ?? ''}`);
}
