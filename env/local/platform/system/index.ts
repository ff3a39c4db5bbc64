/** What the cluster lacks before the platform can run: namespaces, volumes, metrics. */
import { waitFor } from '../../../../host/wait.ts';
import type { PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { part, type Part } from '../part.ts';
import type { Secrets } from '../secrets.ts';

/** CPU and memory of pods and nodes, which autoscalers read. */
const METRICS = { name: 'metrics-server', group: 'metrics.k8s.io' } as const;

/**
 * What every platform has: volumes and metrics, in the namespaces that a `namespaces.yaml` makes.
 * @param namespaces folder of that file
 * @param storageClass name of the class of its volumes
 */
export function systemPart(namespaces: string, storageClass: string): Part {
  return part({
    name: 'system',
    objects: (context, secrets) => [
      // Namespaces first: the rest lives in them.
      ...render(context, secrets, { folder: namespaces, files: ['namespaces.yaml'] }),
      ...render(context, secrets, { folder: 'system', files: ['storage.yaml'], values: { storageClass } }),
      ...aggregatedObjects(context, secrets, METRICS),
    ],
    works: (context) => waitApi(context, METRICS.group),
  });
}

export const system = systemPart('system', 'plumbline-local');

/** Those of a server behind the aggregation layer of Kubernetes; `file` says what it has of its own, by default the one of its name here. */
export function aggregatedObjects(
  context: PlatformContext,
  secrets: Secrets,
  { name, group, file }: { readonly name: string; readonly group: string; readonly file?: string },
): KubeObject[] {
  const files = ['aggregated.yaml', file ?? `${name}.yaml`];
  return render(context, secrets, { folder: 'system', files, values: { name, group } });
}

const DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until an API behind the aggregation layer answers. */
export async function waitApi(context: PlatformContext, group: string): Promise<void> {
  const name = `apiservice/v1beta1.${group}`;
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
